"""Rows of a SQLite file, judged one by one and made fit for Postgres: all of them, or nothing."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_to_postgres.expected import Expected, Shape
    from sqlite_to_postgres.importing import Progress, bring_in
    from sqlite_to_postgres.keys import Keys
    from sqlite_to_postgres.postgres_database import open_database
    from sqlite_to_postgres.postgres_tables import open_tables
    from sqlite_to_postgres.refusal import RefusedError
    from sqlite_to_postgres.report import Report, TableReport
    from sqlite_to_postgres.report_text import as_text
    from sqlite_to_postgres.source import Row, Source
    from sqlite_to_postgres.sqlite_file import open_file
    from sqlite_to_postgres.table_import import Import, Parent, TableImport
    from sqlite_to_postgres.times import NoTimeError, Reading, read_time
    from sqlite_to_postgres.values import Values

__all__ = [
    "Expected",
    "Import",
    "Keys",
    "NoTimeError",
    "Parent",
    "Progress",
    "Reading",
    "RefusedError",
    "Report",
    "Row",
    "Shape",
    "Source",
    "TableImport",
    "TableReport",
    "Values",
    "as_text",
    "bring_in",
    "open_database",
    "open_file",
    "open_tables",
    "read_time",
]

_MODULES = {
    "expected": ("Expected", "Shape"),
    "importing": ("Progress", "bring_in"),
    "keys": ("Keys",),
    "postgres_database": ("open_database",),
    "postgres_tables": ("open_tables",),
    "refusal": ("RefusedError",),
    "report": ("Report", "TableReport"),
    "report_text": ("as_text",),
    "source": ("Row", "Source"),
    "sqlite_file": ("open_file",),
    "table_import": ("Import", "Parent", "TableImport"),
    "times": ("NoTimeError", "Reading", "read_time"),
    "values": ("Values",),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: a command's `--help` should not wait for all of it."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
