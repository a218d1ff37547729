"""A small client of Neon's API: branches of a project, and how to connect to them."""

from service.db.neon.branches import Branch, Branches
from service.db.neon.moments import Moment, read_lifetime
from service.db.neon.operations import OperationFailedError
from service.db.neon.project import NeonProject
from service.db.neon.projects import Project, projects
from service.db.neon.transport import NeonTransport, Pace

__all__ = [
    "Branch",
    "Branches",
    "Moment",
    "NeonProject",
    "NeonTransport",
    "OperationFailedError",
    "Pace",
    "Project",
    "projects",
    "read_lifetime",
]
