"""`flask neon restore-point`: a way back, before a risky change."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from service.cli.command import Result, command
from service.cli.neon.making_point import Making, refuse_uncountable
from service.cli.neon.session import begin
from service.errors import ServiceError

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from service.db.neon import Branch

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))

_NO_HISTORY = "Neon has one of branches without a parent alone, and as long as the project keeps it"


@command(
    click.argument("name", required=False),
    click.option("--branch", metavar="BRANCH", help="Of what; see `flask neon --help`."),
    click.option(
        "--expires",
        metavar="7d",
        default="7d",
        show_default=True,
        help="Neon deletes it after 12h, 7d, 2w ...; `never` keeps it.",
    ),
    click.option(
        "--keep",
        type=click.IntRange(min=1),
        metavar="N",
        help="Leave the newest N of the branch, this one included; delete older ones.",
    ),
    click.option(
        "--or-history",
        is_flag=True,
        help="If the plan has no room for it, say how to go back without it, and succeed.",
    ),
)
def restore_point(
    name: str | None, branch: str | None, expires: str, keep: int | None, *, or_history: bool
) -> Result:
    """Keep the present state of a branch under NAME, and say how to come back to it.

    It is a branch without a compute: made in a second, and only what changes from now on takes
    room. Without NAME it is called after the time.

    What --keep deletes is called `before-...`, expires by itself, and has neither a compute nor
    children. It goes once the new one is there; if the plan has no room, before that, but never the
    last one.

    Example: flask neon restore-point before-1.4
    """
    from service.db.neon import LimitReachedError, read_lifetime  # noqa: PLC0415  heavy

    name = name or f"before-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    lifetime = None if expires == "never" else read_lifetime(expires)
    if keep:
        refuse_uncountable(name, lifetime)
    session = begin()
    source = session.branch(branch)
    session.refuse_taken(name)
    session.refuse_expiring(source)
    making = Making(session, source, name, lifetime, keep, session.room())
    try:
        return _made(making, making.make())
    except ServiceError as error:
        is_limit = or_history and isinstance(error, LimitReachedError)
        if is_limit and _has_history(making):
            return _not_made(making, error.detail)
        if making.gone:
            click.echo(_deleted(making), err=True)
        if is_limit:
            message = f"{error.detail} Nor is there a way back by the history: {_NO_HISTORY}."
            raise LimitReachedError(message) from error
        raise


def _made(making: Making, made: "Branch") -> Result:
    # By the clock of Neon.
    at = made.created_at or _now()
    back = f"flask neon restore {making.source.name} {made.name}"
    by_history = _by_history(making, at) if _has_history(making) else None
    until = f"until {made.expires_at}" if made.expires_at else "until it is deleted"
    said = f"Restore point: branch {made.label} of {making.source.name} as of {at}, {until}."
    said += f"\nBack to it: {back}"
    if by_history:
        said += f"\nOr by the history, {_kept(making)}: {by_history}"
    document = made.as_json() | {"refused": None, "restore": back, "restore_by_history": by_history}
    return _result(making, document, said)


def _not_made(making: Making, refused: str) -> Result:
    by_history = _by_history(making, _now())
    said = f"No restore point: {refused}\nBack by the history, {_kept(making)}: {by_history}"
    nothing = dict.fromkeys(making.source.as_json())
    document = nothing | {"refused": refused, "restore": None, "restore_by_history": by_history}
    return _result(making, document, said)


def _result(making: Making, document: dict[str, object], said: str) -> Result:
    history = making.room.history
    document |= {
        "parent": making.source.name,
        "history_s": int(history.total_seconds()) if history is not None else None,
        "deleted": [{"id": branch.id, "name": branch.name} for branch in making.gone],
    }
    return Result(document, f"{said}\n{_deleted(making)}" if making.gone else said)


def _has_history(making: Making) -> bool:
    """Tell whether the branch can be taken back in time: Neon does that with roots alone."""
    return not making.source.parent_id and making.room.history != timedelta(0)


def _by_history(making: Making, at: str) -> str:
    return f"flask neon restore {making.source.name} --at {at}"


def _kept(making: Making) -> str:
    history = making.room.history
    if history is None:
        return "as long as the project keeps it (Neon's console: Settings, Instant restore)"
    seconds = int(history.total_seconds())
    unit, size = next(item for item in _UNITS if seconds % item[1] == 0)
    count = seconds // size
    return f"which Neon keeps for {count} {unit}{'s' if count > 1 else ''}"


def _deleted(making: Making) -> str:
    return f"Deleted, being older: {', '.join(branch.label for branch in making.gone)}."


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
