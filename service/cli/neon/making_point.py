"""A restore point in the making, and the older ones that `--keep` deletes for it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from service.cli.neon.session import Session
from service.errors import InvalidInputError, ServiceError

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from service.db.neon import Branch, Room


def refuse_uncountable(name: str, lifetime: timedelta | None) -> None:
    """Raise InvalidInputError for a restore point that `--keep` would not find again."""
    from service.db.neon.limits import is_restore_point  # noqa: PLC0415  heavy

    if not is_restore_point(name):
        message = f"--keep counts restore points whose names begin with before-, unlike {name!r}."
        raise InvalidInputError(message)
    if lifetime is None:
        message = "--keep counts restore points that expire, unlike those of --expires never."
        raise InvalidInputError(message)


@dataclass
class Making:
    """A restore point that is to be made; of those like it, the newest `keep` stay."""

    session: Session
    source: "Branch"
    name: str
    lifetime: timedelta | None
    keep: int | None
    room: "Room"
    gone: list["Branch"] = field(default_factory=list)
    """The older ones that were deleted."""

    def make(self) -> "Branch":
        """Make it, then delete what is superfluous; before only where the plan has no room.

        Raises LimitReachedError if it has none all the same.
        """
        from service.db.neon import LimitReachedError  # noqa: PLC0415  heavy

        try:
            made = self._make()
        except LimitReachedError as error:
            if error.what != "branches" or not self._makes_room():
                raise
            made = self._make()
        if self.keep:
            self._delete(
                self._beyond_newest(self.keep - 1), f"Restore point {made.label} is there."
            )
        return made

    def _make(self) -> "Branch":
        self.session.refuse_beyond_plan(self.source, room=self.room)
        interrupted = f"Neon may be making {self.name} all the same: `flask neon branches` tells."
        with self.session.working(f"Making branch {self.name} on Neon", interrupted):
            return self.session.project.create_branch(
                self.name, parent_id=self.source.id, lifetime=self.lifetime, compute=False
            )

    def _beyond_newest(self, count: int) -> list["Branch"]:
        from service.db.neon.limits import restore_points  # noqa: PLC0415  heavy

        old = restore_points(self.room.branches, self.source)[count:]
        return [point for point in old if not self.session.project.has_compute(point.id)]

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
            except ServiceError as error:
                click.echo(f"{point.label} could not be deleted: {error.detail}", err=True)
            else:
                gone.append(point)
        self.gone += gone
        self.room = self.room.without(gone)
        return bool(gone)
