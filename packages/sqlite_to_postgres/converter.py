"""Rows of a source, converted to what is staged of them.

What can be told from a row alone is settled here. What takes other rows (whether a parent is there,
whether a row was imported before) is settled in Postgres, by `settling`.
"""

from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.refusal import RefusedError
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.table_import import Fields, TableImport
from sqlite_to_postgres.values import Values

SOURCE_ID_LENGTH = 64

_OF_EVERY_ROW = ("position", "refused", "id", "source_id", "note")


class Converter:
    """Converts the rows of one table, one after the other, to what is staged of them.

    `columns` are those of the staging table, whose values `convert` returns as text for COPY.
    """

    def __init__(self, table: TableImport, keys: Keys) -> None:
        self._table = table
        self._keys = keys
        self._values = Values()
        self._key_of = keys.made if table.made_of else keys.of
        self._nothing: Fields = (None,) * len(table.fields)
        self.columns = (*_OF_EVERY_ROW, *table.fields)

    def convert(self, position: int, row: Row) -> Fields | None:
        """Convert a row of `Source.rows`; one that is refused is staged with the reason only.

        None where nothing is made of it.
        """
        values = self._values
        is_mended, given = row[:2]
        key = None if given is None else self._key_of(self._table.name, given)
        source_id = values.short_text("id", given, SOURCE_ID_LENGTH)
        if is_mended:
            values.note("text that was not valid UTF-8, now with U+FFFD")
        refused, fields = None, self._nothing
        try:
            converted = self._table.convert(values, self._keys, row)
        except RefusedError as refusal:
            refused = str(refusal)
        else:
            if converted is None:
                values.take_notes()
                return None
            fields = converted
        return str(position), refused, key, source_id, values.take_notes(), *fields
