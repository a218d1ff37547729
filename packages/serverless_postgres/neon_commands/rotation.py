"""What `flask neon restore-point --keep` deletes: restore points that are older than the newest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from plain_commands.errors import InvalidInputError, PlainError
from serverless_postgres.neon_commands.session import Session

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch, Room

Made = TypeVar("Made")


def refuse_uncountable(name: str, lifetime: timedelta | None) -> None:
    """Raise InvalidInputError for a restore point that `--keep` would not find again."""
    from serverless_postgres.neon.limits import is_restore_point  # noqa: PLC0415  heavy

    if not is_restore_point(name):
        message = f"--keep counts restore points whose names begin with before-, unlike {name!r}."
        raise InvalidInputError(message)
    if lifetime is None:
        message = "--keep counts restore points that expire, unlike those of --expires never."
        raise InvalidInputError(message)


@dataclass
class Rotation:
    """The restore points of a branch, of which the newest `keep` stay, with the new one `name`."""

    session: Session
    source: "Branch"
    name: str
    keep: int | None
    room: "Room"
    gone: list["Branch"] = field(default_factory=list)
    """The older ones that were deleted."""

    def make(self, make: Callable[[], Made]) -> Made:
        """Make the new one, then delete what is superfluous; before only where there is no room.

        Raises LimitReachedError if there is none all the same.
        """
        from serverless_postgres.neon import LimitReachedError  # noqa: PLC0415  heavy

        try:
            made = make()
        except LimitReachedError as error:
            if error.what != "branches" or not self._makes_room():
                raise
            made = make()
        if self.keep:
            self._delete(self._beyond_newest(self.keep - 1), f"Restore point {self.name} is there.")
        return made

    def _beyond_newest(self, count: int) -> list["Branch"]:
        from serverless_postgres.neon.limits import restore_points  # noqa: PLC0415  heavy

        found = restore_points(self.room.branches, self.source)
        old = [point for point in found if point.name != self.name][count:]
        return [point for point in old if self._is_unused(point)]

    def _is_unused(self, point: "Branch") -> bool:
        """Tell whether nobody can connect to a restore point; if Neon doesn't say, warn."""
        try:
            with self.session.working(f"Asking Neon for the computes of {point.name}"):
                return not self.session.project.computes(point.id)
        except PlainError as error:
            _warn(point, error)
            return False

    def _makes_room(self) -> bool:
        # As long as the new one is not there, the last one is the way back.
        old = self._beyond_newest(max(self.keep - 1, 1)) if self.keep else []
        if self.room.without(old).is_full:
            return False
        return self._delete(old, f"There is no restore point {self.name} yet.")

    def _delete(self, old: list["Branch"], if_interrupted: str) -> bool:
        """Delete restore points, and tell if any are gone; for those that aren't, warn.

        Where Neon keeps deleted branches for a while, these can be recovered, as those can that it
        deletes by itself when they expire: nobody is asked about them.
        """
        gone = []
        for point in old:
            try:
                with self.session.working(f"Deleting {point.name} on Neon", if_interrupted):
                    self.session.project.delete_branch(point.id)
            except PlainError as error:
                _warn(point, error)
            else:
                gone.append(point)
        self.gone += gone
        self.room = self.room.without(gone)
        return bool(gone)


def _warn(point: "Branch", error: PlainError) -> None:
    click.echo(f"{point.label} could not be deleted: {error.detail}", err=True)
