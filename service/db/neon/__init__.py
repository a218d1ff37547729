"""A small client of Neon's API: branches of a project, and how to connect to them."""

from service.db.neon.branches import Branch, Branches
from service.db.neon.creation import Creation, Progress
from service.db.neon.deletion import Deletion
from service.db.neon.limits import Room
from service.db.neon.moments import Moment, read_lifetime
from service.db.neon.operations import OperationFailedError
from service.db.neon.pace import Pace
from service.db.neon.project import NeonProject
from service.db.neon.projects import Project, projects
from service.db.neon.refusals import LimitReachedError, RefusedError
from service.db.neon.transport import MaybeDoneError, NeonTransport

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
