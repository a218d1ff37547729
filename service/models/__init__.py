"""The tables and, in the same families, the schemas of everything that goes in and out."""

from service.models.generation import Generation
from service.models.idempotency_key import IdempotencyKey
from service.models.model_price import ModelPrice
from service.models.node import Node, NodeState
from service.models.user import User
from service.models.workflow import Workflow

__all__ = [
    "Generation",
    "IdempotencyKey",
    "ModelPrice",
    "Node",
    "NodeState",
    "User",
    "Workflow",
]
