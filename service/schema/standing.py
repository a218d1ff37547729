"""How the revisions of a database stand to those in the files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from service.schema.revisions import VERSIONS, Revision, heads, revisions


@dataclass(frozen=True, slots=True)
class Titled:
    """A revision's id and its title."""

    revision: str
    title: str

    def __str__(self) -> str:
        """Write both."""
        return f"{self.revision} ({self.title})" if self.title else self.revision


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database has, what the files have, and what lies between.

    `stored` is None when the database has no table for its revision. `unknown` are those of the
    database that no file has, `pending` those to be run, in order.
    """

    stored: tuple[str, ...] | None
    heads: tuple[Titled, ...]
    pending: tuple[Titled, ...]
    unknown: tuple[str, ...]

    @property
    def place(self) -> str:
        """Say where the database is."""
        newest = {item.revision for item in self.heads}
        names = [item + " (head)" * (item in newest) for item in self.stored or ()]
        count = len(self.pending)
        pending = f"; {count} revision{'s are' if count > 1 else ' is'} pending" if count else ""
        return f"The database is at {' and '.join(names) or 'no revision'}{pending}."


def standing(stored: tuple[str, ...] | None, folder: Path = VERSIONS) -> Standing:
    """Compare the revisions that a database has with those of a folder."""
    known = {item.id: item for item in revisions(folder)}
    done = with_ancestors(stored or (), known)
    return Standing(
        stored=stored,
        heads=tuple(Titled(known[head].id, known[head].title) for head in heads(folder)),
        pending=tuple(Titled(item.id, item.title) for item in _in_order(known, done)),
        unknown=tuple(item for item in stored or () if item not in known),
    )


def with_ancestors(start: Iterable[str], known: dict[str, Revision]) -> set[str]:
    """Collect revisions and all that they follow."""
    found: set[str] = set()
    open_ = [item for item in start if item in known]
    while open_:
        item = open_.pop()
        if item not in found:
            found.add(item)
            open_ += known[item].after
    return found


def _in_order(known: dict[str, Revision], done: set[str]) -> list[Revision]:
    """Put what is not done into an order in which each follows those that it wants."""
    done, ordered = set(done), []
    while ready := [
        item
        for item in known.values()
        if item.id not in done and all(before in done for before in item.after)
    ]:
        ordered += ready
        done |= {item.id for item in ready}
    return ordered
