"""Resources whose rows Postgres turns into JSON, one statement and one round trip each."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from json_rows.blueprint import Blueprint
    from json_rows.changing import Changed
    from json_rows.deleting import Deleted
    from json_rows.frame import contains
    from json_rows.held import Held
    from json_rows.inserting import New
    from json_rows.kept_answer import KeptAnswer
    from json_rows.listing import Listing, Selection, Slow
    from json_rows.models import Identity, Input, Output, Timestamps, Versioned
    from json_rows.ownership import OwnershipError
    from json_rows.putting import Put
    from json_rows.resource import Resource
    from json_rows.selection import fields_of
    from json_rows.settings import RowsSettings
    from json_rows.statement import Query, Row, Statement
    from json_rows.streaming import stream
    from json_rows.transition import Transition
    from json_rows.unit_of_work import UnitOfWork
    from json_rows.wiring import HEADERS_SENT, HEADERS_TAKEN, init_app
    from json_rows.work import Asker

__all__ = [
    "HEADERS_SENT",
    "HEADERS_TAKEN",
    "Asker",
    "Blueprint",
    "Changed",
    "Deleted",
    "Held",
    "Identity",
    "Input",
    "KeptAnswer",
    "Listing",
    "New",
    "Output",
    "OwnershipError",
    "Put",
    "Query",
    "Resource",
    "Row",
    "RowsSettings",
    "Selection",
    "Slow",
    "Statement",
    "Timestamps",
    "Transition",
    "UnitOfWork",
    "Versioned",
    "contains",
    "fields_of",
    "init_app",
    "stream",
]

_MODULES = {
    "blueprint": ("Blueprint",),
    "changing": ("Changed",),
    "deleting": ("Deleted",),
    "frame": ("contains",),
    "held": ("Held",),
    "inserting": ("New",),
    "putting": ("Put",),
    "kept_answer": ("KeptAnswer",),
    "listing": ("Listing", "Selection", "Slow"),
    "models": ("Identity", "Input", "Output", "Timestamps", "Versioned"),
    "ownership": ("OwnershipError",),
    "resource": ("Resource",),
    "selection": ("fields_of",),
    "settings": ("RowsSettings",),
    "statement": ("Query", "Row", "Statement"),
    "streaming": ("stream",),
    "transition": ("Transition",),
    "unit_of_work": ("UnitOfWork",),
    "wiring": ("HEADERS_SENT", "HEADERS_TAKEN", "init_app"),
    "work": ("Asker",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for: settings are read without Flask and SQLAlchemy."""
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
