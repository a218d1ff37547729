"""Making a branch, for `create` and `restore-point`: also where a try before has failed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from plain_commands.errors import ConflictError
from serverless_postgres.neon_commands.session import Session
from serverless_postgres.neon_names import flask_neon

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from datetime import timedelta

    from serverless_postgres.neon import Branch, Creation, Moment, Room


@dataclass(frozen=True, slots=True)
class Wish:
    """The branch that is to be there; `command` is what one would type to try again."""

    name: str
    parent: "Branch"
    command: str
    at: "Moment | None" = None
    lifetime: "timedelta | None" = None
    compute: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A branch that is there, and what is to be said of an earlier try to make it."""

    branch: "Branch"
    earlier: str = ""

    def as_json(self) -> dict[str, Any]:
        """Write it for programs."""
        return self.branch.as_json() | {"earlier_try": self.earlier or None}


def make(session: Session, wish: Wish, room: "Room | None" = None) -> Made:
    """Make a branch; where a try before has failed, go on with it or begin anew.

    A branch that somebody may have data in is never touched. Raises ConflictError for one that is
    not what a failed try has left, or was to be something else, and LimitReachedError where the
    plan has no `room`, which is counted unless it is given.
    """
    from serverless_postgres.neon import Progress  # noqa: PLC0415  heavy

    session.refuse_expiring(wish.parent)
    found = session.branches.get(wish.name)
    if found is None:
        return Made(_create(session, wish, room or session.room()))
    with session.working(f"Asking Neon how branch {found.name} came to be"):
        creation = session.project.creation(found)
    if creation.progress is Progress.LOST and not session.branches.children_of(found):
        again = "The same command tries again."
        with session.working(f"Removing what is left of {found.name} on Neon", again, again):
            session.project.delete_branch(found.id, for_good=True)
        earlier = f"Before, {found.label} had never become ready: it was removed."
        left = (room or session.room()).without([found])
        return Made(_create(session, wish, left), earlier)
    if creation.progress not in {Progress.GOES_ON, Progress.NOT_STARTED}:
        _refuse_ready(wish, found)
    with session.working(f"Asking Neon what branch {found.name} is"):
        _refuse_other(session, wish, found)
    return _go_on(session, wish, found, creation)


def _create(session: Session, wish: Wish, room: "Room") -> "Branch":
    session.refuse_beyond_plan(wish.parent, room=room)
    with session.working(f"Making branch {wish.name} on Neon", *_after_failure(wish)):
        return session.project.create_branch(
            wish.name,
            parent_id=wish.parent.id,
            at=wish.at,
            lifetime=wish.lifetime,
            compute=wish.compute,
        )


def _go_on(session: Session, wish: Wish, found: "Branch", creation: "Creation") -> Made:
    from serverless_postgres.neon.moments import minute  # noqa: PLC0415  heavy

    since = f"It was begun at {minute(found.created_at)}, and holds what its parent held then"
    if not creation.pending:
        return Made(found, f"{since}; its compute did not start: it does when somebody connects.")
    with session.working(f"Neon goes on making branch {found.name}", *_after_failure(wish)):
        session.project.go_on(creation)
    return Made(found, f"{since}.")


def _after_failure(wish: Wish) -> tuple[str, str]:
    """Say what to do when one has stopped waiting, and when Neon has given up."""
    removal = flask_neon("delete", wish.name, "--for-good", "--yes")
    ways = f"{wish.command} continues or starts over, `{removal}` removes it."
    interrupted = (
        f"Neon may still be making branch {wish.name}: `flask neon branches` shows it, {ways}"
    )
    return interrupted, f"Branch {wish.name} stays: {ways}"


def _refuse_ready(wish: Wish, found: "Branch") -> NoReturn:
    ways = "choose another name"
    if wish.compute:
        ways = f"`{flask_neon('url', found.word)}` shows how to connect, or choose another name"
    message = f"There is a branch {found.label} already: {ways}."
    raise ConflictError(message)


def _refuse_other(session: Session, wish: Wish, found: "Branch") -> None:
    """Raise ConflictError if what is being made is not what is wanted now."""
    fits = (
        found.parent_id == wish.parent.id
        and bool(found.expires_at) == bool(wish.lifetime)
        and session.project.has_compute(found.id) == wish.compute
        and (wish.at is None or found.begins_at(wish.at))
    )
    if not fits:
        removal = flask_neon("delete", found.word, "--for-good", "--yes")
        message = (
            f"There is a branch {found.label} already, whose making failed or goes on, and its "
            "parent, moment, expiry or compute is not what is wanted now: choose another name, or "
            f"`{removal}` removes it."
        )
        raise ConflictError(message)
