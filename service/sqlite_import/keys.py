"""Ids of imported rows: the same row of the same database gets the same id, whenever it comes."""

import re
from functools import lru_cache

from uuid_utils import UUID, uuid5

NAMESPACE = UUID("5ab15c4b-cddd-4bd4-879e-27e763f0c6a6")
"""Of the ids made here. Changing it makes every database once imported look like a new one."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Keys:
    """Turns the ids of one database into UUIDs.

    An id that is a UUID stays as it is. Any other is only unique inside its table, so its UUID is
    made of the database's identity, the table and the id (`identity` is `Source.identity`).
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        # Rows that belong together stand together: the same parent is asked for again and again.
        self._of_parent = lru_cache(maxsize=4096)(self.of)

    def of(self, table: str, legacy: object) -> str:
        """Make the id of a row of `table`."""
        if type(legacy) is str and _UUID.fullmatch(legacy):
            return legacy.lower()
        return str(uuid5(NAMESPACE, f"{self._identity}/{table}/{legacy}"))

    def of_parent(self, table: str, legacy: object) -> str | None:
        """Make the id of the row of `table` that another row refers to."""
        return None if legacy is None else self._of_parent(table, legacy)
