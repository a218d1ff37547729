"""The tables and, in the same families, the schemas of everything that goes in and out.

Every module in this folder is imported, so that its tables are known to SQLModel's metadata.
"""

# ruff: noqa: E402  the names of constraints come before the tables

from importlib import import_module
from pkgutil import iter_modules

from sqlmodel import SQLModel

from json_rows.models import NAMING_CONVENTION

SQLModel.metadata.naming_convention = NAMING_CONVENTION

from service.models.api_key import ApiKey
from service.models.audit_event import AuditEvent
from service.models.generation import Generation
from service.models.idempotency_key import IdempotencyKey
from service.models.interaction import Interaction
from service.models.itinerary import Itinerary
from service.models.itinerary_item import ItineraryItem
from service.models.itinerary_member import ItineraryMember
from service.models.itinerary_version import ItineraryVersion
from service.models.model_price import ModelPrice
from service.models.node import Node
from service.models.node_state import NodeState
from service.models.share_link import ShareLink
from service.models.user import User
from service.models.user_identity import UserIdentity
from service.models.workflow import Workflow

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Generation",
    "IdempotencyKey",
    "Interaction",
    "Itinerary",
    "ItineraryItem",
    "ItineraryMember",
    "ItineraryVersion",
    "ModelPrice",
    "Node",
    "NodeState",
    "ShareLink",
    "User",
    "UserIdentity",
    "Workflow",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
