"""Rows of the predecessor, converted to rows for Postgres.

What can be told from a row alone is settled here. What takes other rows (whether a parent is there,
whether a name is taken, the order of steps) is settled in Postgres, by `settling`.
"""

from collections.abc import Callable
from typing import Any

from service.sqlite_import.generations import GenerationFields, convert_generation
from service.sqlite_import.keys import Keys
from service.sqlite_import.nodes import NodeFields, convert_node
from service.sqlite_import.refusal import RefusedError
from service.sqlite_import.source import Row
from service.sqlite_import.users import UserFields, convert_user
from service.sqlite_import.values import Values
from service.sqlite_import.workflows import WorkflowFields, convert_workflow

Fields = tuple[str | None, ...]

LEGACY_ID_LENGTH = 64

_OF_EVERY_ROW = ("position", "refused", "id", "legacy_id", "legacy_note")

_CONVERSIONS: dict[str, tuple[Callable[[Values, Keys, Row], Any], tuple[str, ...]]] = {
    "users": (convert_user, UserFields._fields),
    "workflows": (convert_workflow, WorkflowFields._fields),
    "nodes": (convert_node, NodeFields._fields),
    "generations": (convert_generation, GenerationFields._fields),
}


class Converter:
    """Converts the rows of one table, one after the other, to what is staged of them.

    `columns` are those of the staging table, whose values `convert` returns as text for COPY.
    """

    def __init__(self, table: str, keys: Keys) -> None:
        self._table = table
        self._keys = keys
        self._values = Values()
        self._convert, fields = _CONVERSIONS[table]
        self._nothing: Fields = (None,) * len(fields)
        self.columns = _OF_EVERY_ROW + fields

    def convert(self, position: int, row: Row) -> Fields:
        """Convert a row of `Source.rows`; one that is refused is staged with the reason only."""
        values = self._values
        is_mended, legacy = row[:2]
        key = None if legacy is None else self._keys.of(self._table, legacy)
        legacy_id = values.short_text("id", legacy, LEGACY_ID_LENGTH)
        if is_mended:
            values.note("text that was not valid UTF-8, now with U+FFFD")
        refused, fields = None, self._nothing
        try:
            fields = self._convert(values, self._keys, row)
        except RefusedError as refusal:
            refused = str(refusal)
        return str(position), refused, key, legacy_id, values.take_notes(), *fields
