"""Whether the service is alive, and whether it is ready."""

import time
from enum import StrEnum

from pydantic import BaseModel, Field

from app_server.readiness import readiness
from app_server.target import traits_of
from smorest_sqlmodel import Blueprint

blueprint = Blueprint("operations", __name__, description="For those who run the service.")
# It waits for nothing, and must be answered when all wait.
blueprint.record(lambda state: traits_of(state.app).at_once.add(b"/healthz"))


class HealthState(StrEnum):
    """The one state in which a process can answer."""

    OK = "ok"


class Health(BaseModel):
    """A sign of life."""

    status: HealthState = Field(default=HealthState.OK, description="It is alive.")


class ReplicaState(StrEnum):
    """Whether reads go to the replica."""

    USED = "used"
    AWAY = "away"


class Readiness(BaseModel):
    """What the service stands on."""

    status: HealthState = Field(default=HealthState.OK, description="It is ready.")
    revision: str = Field(
        description="The revision of the database schema.", examples=["1f0c3a9d2b44"]
    )
    note: str | None = Field(
        description="What to know about it; null when it is the one that this code wants.",
        examples=[None],
    )
    replica: ReplicaState | None = Field(
        description="Of the read replica; null where there is none. The service can do without.",
        examples=["used"],
    )
    age_s: int = Field(description="How many seconds ago this was found out.", examples=[0])


@blueprint.get("/healthz")
@blueprint.response(200, Health)
@blueprint.alt_response(503)
def get_health() -> Health:
    """Tell that the process is alive.

    It never touches the database: a probe must not keep a serverless one awake.
    """
    return Health()


@blueprint.get("/readyz")
@blueprint.response(200, Readiness)
@blueprint.alt_response(503)
def get_readiness() -> Readiness:
    """Tell whether the service is ready.

    It is when the database can be reached and has a schema that this code can work on; otherwise
    503. On the schema of a newer release it is ready, with a note. The database is not asked each
    time: what was found out `age_s` ago counts until a request fails for its sake.
    """
    found = readiness().find()
    return Readiness(
        revision=found.schema.revision,
        note=found.schema.note,
        replica=_REPLICA[found.is_replica_used],
        age_s=int(time.monotonic() - found.at),
    )


_REPLICA = {None: None, True: ReplicaState.USED, False: ReplicaState.AWAY}
