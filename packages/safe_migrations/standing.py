"""How the revisions of a database stand to those in the files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safe_migrations.applied import Applied
from safe_migrations.foreign import Foreign
from safe_migrations.revisions import Revision, heads, revisions


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
    database that no file has, `pending` those to be run, in order. `beyond` is what the database's
    history tells of the unknown ones, and of those between them and the files. `foreign` is what
    stands where the models' tables belong, if somebody has looked.
    """

    stored: tuple[str, ...] | None
    heads: tuple[Titled, ...]
    pending: tuple[Titled, ...]
    unknown: tuple[str, ...]
    beyond: tuple[Applied, ...] = ()
    foreign: Foreign | None = None

    @property
    def is_at_head(self) -> bool:
        """Whether database and files agree."""
        return (self.stored or ()) == self._wanted

    @property
    def is_ahead(self) -> bool:
        """Whether the database has all that the files have, and more."""
        return bool(self.unknown and self.heads and not self.pending)

    @property
    def breaking(self) -> tuple[str, ...]:
        """The revisions ahead of the files that break the release before."""
        return tuple(item.revision for item in self.beyond if item.breaks_release_before)

    @property
    def can_be_served(self) -> bool:
        """Whether this code can work on the database."""
        if self.foreign is not None:
            return False
        return self.is_at_head or (self.is_ahead and not self.breaking)

    @property
    def _wanted(self) -> tuple[str, ...]:
        return tuple(item.revision for item in self.heads)

    def __str__(self) -> str:
        """Say in a sentence or two how they compare, and what to do."""
        return self._compared if self.foreign is None else str(self.foreign)

    @property
    def _compared(self) -> str:
        at = f"at revision {' and '.join(self.stored)}" if self.stored else "empty"
        has, wanted = f"The database schema is {at}", " and ".join(self._wanted)
        if self.is_at_head:
            return f"{has}, as it should be."
        if not self.unknown:
            return f"{has}, and this code needs {wanted}: run `flask db upgrade`."
        if self.is_ahead and self.breaking:
            return (
                f"{has}, ahead of this code at {wanted}, and {' and '.join(self.breaking)} breaks "
                "the release before: deploy the newer code, or take the schema back with it "
                f"(`flask db downgrade {wanted}`)."
            )
        if self.is_ahead:
            return f"{has}, ahead of this code at {wanted}, which can run on it."
        unknown = " and ".join(self.unknown)
        if self.beyond or len(self.unknown) < len(self.stored or ()):
            lacking = " and ".join(item.revision for item in self.pending)
            return (
                f"{has}, of which this code does not have {unknown}, and lacks {lacking}: deploy "
                "code that has both."
            )
        return (
            f"{has}, which this code does not have, and nothing there says that {unknown} follows "
            f"{wanted}: deploy the code that it is from, or set DATABASE_URL to the right database."
        )

    @property
    def place(self) -> str:
        """Say where the database is."""
        newest = {item.revision for item in self.heads}
        names = [item + " (head)" * (item in newest) for item in self.stored or ()]
        # Without the database's history nobody knows what its unknown revisions follow.
        count = 0 if self.unknown else len(self.pending)
        pending = f"; {count} revision{'s are' if count > 1 else ' is'} pending" if count else ""
        return f"The database is at {' and '.join(names) or 'no revision'}{pending}."


def standing(
    stored: tuple[str, ...] | None, folder: Path, history: Iterable[Applied] = ()
) -> Standing:
    """Compare the revisions that a database has with those of a folder.

    `history` is the database's own, which matters where it has revisions that no file has.
    """
    known = {item.id: item for item in revisions(folder)}
    unknown = tuple(item for item in stored or () if item not in known)
    beyond = _beyond(unknown, known, history)
    below = {item for applied in beyond for item in applied.follows}
    done = with_ancestors({*(stored or ()), *below}, known)
    return Standing(
        stored=stored,
        heads=tuple(Titled(known[head].id, known[head].title) for head in heads(folder)),
        pending=tuple(Titled(item.id, item.title) for item in _in_order(known, done)),
        unknown=unknown,
        beyond=beyond,
    )


def _beyond(
    unknown: tuple[str, ...], known: dict[str, Revision], history: Iterable[Applied]
) -> tuple[Applied, ...]:
    """Go down from unknown revisions to known ones, as far as the history tells."""
    rows = {item.revision: item for item in history}
    found: dict[str, Applied] = {}
    open_ = list(unknown)
    while open_:
        item = open_.pop()
        if item in rows and item not in known and item not in found:
            found[item] = rows[item]
            open_ += rows[item].follows
    return tuple(found.values())


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
