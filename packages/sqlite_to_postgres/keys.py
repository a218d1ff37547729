"""Ids of imported rows: the same row of the same database gets the same id, whenever it comes."""

import re
from functools import lru_cache
from uuid import UUID

import uuid_utils

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Keys:
    """Turns the ids of one database into UUIDs.

    An id that is a UUID stays as it is. Any other is unique only within its table, so its UUID is
    made of a namespace of the application's (changing it makes every database that was imported
    once look like a new one), the database's identity (`Source.identity`), the table and the id.
    """

    def __init__(self, namespace: UUID, identity: str) -> None:
        self._namespace = uuid_utils.UUID(int=namespace.int)
        self._identity = identity
        # Rows that belong together stand together: the same parent is asked for again and again.
        self._of_parent = lru_cache(maxsize=4096)(self.of)

    def of(self, table: str, given: object) -> str:
        """Make the id of a row of `table`."""
        if type(given) is str and _UUID.fullmatch(given):
            return given.lower()
        return self.made(table, given)

    def made(self, table: str, given: object) -> str:
        """Make the id of a row of `table` that is made of another one, whose id is given."""
        return str(uuid_utils.uuid5(self._namespace, f"{self._identity}/{table}/{given}"))

    def of_parent(self, table: str, given: object) -> str | None:
        """Make the id of the row of `table` that another row refers to; None for None."""
        return None if given is None else self._of_parent(table, given)
