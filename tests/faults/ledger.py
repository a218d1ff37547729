"""What a client did, and what it was told: the books that are compared with the database."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as its client saw it; times are of the monotonic clock, in seconds."""

    kind: str
    is_write: bool
    began: float
    ended: float
    repeats: int = 0
    failure: str | None = None
    """Why it counts as failed; None when it succeeded."""

    @property
    def seconds(self) -> float:
        """How long the client waited for its answer, all repeats included."""
        return self.ended - self.began


@dataclass(slots=True)
class Effects:
    """How often something was changed: acknowledged, and asked for in vain.

    What was asked for in vain may have happened.
    """

    acknowledged: int = 0
    unknown: int = 0


@dataclass(slots=True)
class Node:
    """A node whose recording was acknowledged."""

    token: str
    seq: int
    output: str | None = None
    """Its output, once its completion was acknowledged."""
    is_open: bool = True


@dataclass(slots=True)
class Workflow:
    """A workflow whose start was acknowledged; `effects` are those that raise its version."""

    id: str
    token: str
    nodes: dict[str, Node] = field(default_factory=dict)
    generations: dict[str, str] = field(default_factory=dict)
    """The token of each acknowledged generation, by its id."""
    effects: Effects = field(default_factory=Effects)
    is_completed: bool = False


@dataclass(slots=True)
class Person:
    """The user of one client."""

    id: str
    version: int
    display_name: str | None = None
    effects: Effects = field(default_factory=Effects)


@dataclass(slots=True)
class Ledger:
    """All that one client did."""

    people: list[Person] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
