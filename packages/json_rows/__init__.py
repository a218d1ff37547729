"""Resources whose rows Postgres turns into JSON, one statement and one round trip each."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from json_rows.blueprint import Blueprint
    from json_rows.changes import Changed, Deleted
    from json_rows.kept_answer import KeptAnswer
    from json_rows.listing import Listing, Selection
    from json_rows.models import Identity, Input, Output, Timestamps, Versioned
    from json_rows.rows import New, One, table_of
    from json_rows.selection import fields_of
    from json_rows.settings import RowsSettings
    from json_rows.statement import Query, Row, Statement, as_json
    from json_rows.transitions import Transition
    from json_rows.unit_of_work import UnitOfWork
    from json_rows.wiring import HEADERS_SENT, HEADERS_TAKEN, init_app

__all__ = [
    "HEADERS_SENT",
    "HEADERS_TAKEN",
    "Blueprint",
    "Changed",
    "Deleted",
    "Identity",
    "Input",
    "KeptAnswer",
    "Listing",
    "New",
    "One",
    "Output",
    "Query",
    "Row",
    "RowsSettings",
    "Selection",
    "Statement",
    "Timestamps",
    "Transition",
    "UnitOfWork",
    "Versioned",
    "as_json",
    "fields_of",
    "init_app",
    "table_of",
]

_MODULES = {
    "blueprint": ("Blueprint",),
    "changes": ("Changed", "Deleted"),
    "kept_answer": ("KeptAnswer",),
    "listing": ("Listing", "Selection"),
    "models": ("Identity", "Input", "Output", "Timestamps", "Versioned"),
    "rows": ("New", "One", "table_of"),
    "selection": ("fields_of",),
    "settings": ("RowsSettings",),
    "statement": ("Query", "Row", "Statement", "as_json"),
    "transitions": ("Transition",),
    "unit_of_work": ("UnitOfWork",),
    "wiring": ("HEADERS_SENT", "HEADERS_TAKEN", "init_app"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for: settings are read without Flask and SQLAlchemy."""
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
