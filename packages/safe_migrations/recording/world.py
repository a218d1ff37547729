"""What is taken for granted of a database that nobody asks."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class World:
    """Whether queries find rows and comparisons with their values hold, and what the schema is.

    It is what is `known` of it, or, as far as it is inspected, there is nothing of what a revision
    names (`empty`) or all of it (`full`).
    """

    finds: bool = True
    schema: Literal["known", "empty", "full"] = "known"


FIRST = World()
