"""Whether the service is alive, and whether it is ready."""

from enum import StrEnum

from pydantic import BaseModel, Field

from service.api.blueprint import Blueprint
from service.api.schema_guard import schema_guard
from service.api.work import database
from service.db.replica import ReadFrom
from service.db.unit_of_work import UnitOfWork

blueprint = Blueprint("operations", __name__, description="For those who run the service.")


PROBE_S = 1.0
"""For how long a probe tries to reach the database: those who send it don't wait long."""


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
        description="What to know of it; null when it is the one that this code wants.",
        examples=[None],
    )
    replica: ReplicaState | None = Field(
        description="Of the read replica; null where there is none. Without it all goes on.",
        examples=["used"],
    )


@blueprint.get("/healthz")
@blueprint.response(200, Health)
def get_health() -> Health:
    """Tell that the process is alive.

    It never touches the database: a probe must not keep a serverless one awake.
    """
    return Health()


@blueprint.get("/readyz")
@blueprint.response(200, Readiness)
def get_readiness() -> Readiness:
    """Tell whether the service is ready.

    It is when the database can be reached and has a schema that this code can work on; otherwise
    503. On the schema of a newer release it is ready, with a note.
    """
    with UnitOfWork(database(), budget_s=PROBE_S) as work:
        found = schema_guard().look(work)
    return Readiness(
        revision=" ".join(found.stored or ()),
        note=None if found.is_at_head else str(found),
        replica=_replica_state(),
    )


def _replica_state() -> ReplicaState | None:
    replica = database().replica
    if replica is None:
        return None
    is_away = replica.objection(position=0) is ReadFrom.AWAY
    return ReplicaState.AWAY if is_away else ReplicaState.USED
