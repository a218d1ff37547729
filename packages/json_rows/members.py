"""Which members of a row an answer has: the usual ones, or those that the client names."""

from collections.abc import Sequence
from functools import lru_cache

from sqlmodel import SQLModel

from json_rows.statement import json_names

CACHED_CHOICES = 16
"""How many statements a change keeps: one for each choice of members in use."""


class Members:
    """The members of answers: those of `usual`, unless `fields` names others of `read`."""

    def __init__(
        self, read: type[SQLModel], usual: type[SQLModel] | None = None, *, key: str = "id"
    ) -> None:
        self.all = tuple(json_names(read))
        self.usual = tuple(json_names(usual or read))
        self._key = key

    def chosen(self, fields: Sequence[str] | None, usual: tuple[str, ...]) -> tuple[str, ...]:
        """Choose the members of an answer, in their usual order."""
        if not fields:
            return usual
        return chosen_names(self.all, tuple(fields), key=self._key)


@lru_cache(CACHED_CHOICES * CACHED_CHOICES)
def chosen_names(
    names: tuple[str, ...], fields: tuple[str, ...], *, key: str = "id"
) -> tuple[str, ...]:
    """Choose from all names the fields that are wanted, and the id, in their usual order."""
    wanted = {key, *fields}
    return tuple(name for name in names if name in wanted)
