"""Whether the service is alive, and whether it is ready."""

from enum import StrEnum

from pydantic import BaseModel, Field

from service.api.blueprint import Blueprint
from service.api.work import unit_of_work
from service.errors import UnavailableError
from service.schema.status import status

blueprint = Blueprint("operations", __name__, description="For those who run the service.")


class HealthState(StrEnum):
    """The one state in which a process can answer."""

    OK = "ok"


class Health(BaseModel):
    """A sign of life."""

    status: HealthState = HealthState.OK


class Readiness(BaseModel):
    """What the service stands on."""

    status: HealthState = HealthState.OK
    revision: str = Field(description="The revision of the database schema.")


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
    """Tell whether the database can be reached and has the schema that this code knows."""
    found = status(unit_of_work())
    if not found.is_at_head:
        raise UnavailableError(str(found))
    return Readiness(revision=" ".join(found.current))
