"""A small client of Neon's API: branches of a project, and how to connect to them."""

from serverless_postgres.neon.branches import Branch, Branches
from serverless_postgres.neon.creation import Creation, Progress
from serverless_postgres.neon.deletion import Deletion
from serverless_postgres.neon.limits import Room
from serverless_postgres.neon.moments import Moment, read_lifetime
from serverless_postgres.neon.operations import OperationFailedError
from serverless_postgres.neon.pace import Pace
from serverless_postgres.neon.project import NeonProject
from serverless_postgres.neon.projects import Project, projects
from serverless_postgres.neon.refusals import LimitReachedError, RefusedError
from serverless_postgres.neon.transport import MaybeDoneError, NeonTransport

__all__ = [
    "Branch",
    "Branches",
    "Creation",
    "Deletion",
    "LimitReachedError",
    "MaybeDoneError",
    "Moment",
    "NeonProject",
    "NeonTransport",
    "OperationFailedError",
    "Pace",
    "Progress",
    "Project",
    "RefusedError",
    "Room",
    "projects",
    "read_lifetime",
]
