"""`flask neon restore-point`: a way back, before a risky change."""

from datetime import UTC, datetime, timedelta

import click

from plain_commands.command import Result, command
from plain_commands.errors import PlainError
from serverless_postgres.neon_commands.making import Made, Wish, make
from serverless_postgres.neon_commands.rotation import Rotation, refuse_uncountable
from serverless_postgres.neon_commands.session import begin
from serverless_postgres.neon_names import flask_neon, refuse_unusable

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
    from serverless_postgres.neon import LimitReachedError, read_lifetime  # noqa: PLC0415  heavy

    if name is None:
        name = f"before-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    refuse_unusable(name)
    lifetime = None if expires == "never" else read_lifetime(expires)
    if keep:
        refuse_uncountable(name, lifetime)
    session = begin()
    source = session.branch(branch)
    again = flask_neon("restore-point", name, "--branch", source.word, "--expires", expires)
    wish = Wish(name, source, f"`{again}`", lifetime=lifetime, compute=False)
    points = Rotation(session, source, name, keep, session.room())
    try:
        return _made(points, points.make(lambda: make(session, wish, points.room)))
    except PlainError as error:
        is_limit = or_history and isinstance(error, LimitReachedError)
        if is_limit and _has_history(points):
            return _not_made(points, error.detail)
        if points.gone:
            click.echo(_deleted(points), err=True)
        if is_limit:
            message = f"{error.detail} Nor is there a way back by the history: {_NO_HISTORY}."
            raise LimitReachedError(message) from error
        raise


def _made(points: Rotation, done: Made) -> Result:
    from serverless_postgres.neon_commands.restore_plan import UNSETTLED  # noqa: PLC0415  heavy

    made = done.branch
    # By the clock of Neon.
    at = made.created_at or _now()
    back = flask_neon("restore", points.source.word, made.word)
    by_history = _by_history(points, at) if _has_history(points) else None
    until = f"until {made.expires_at}" if made.expires_at else "until it is deleted"
    said = f"Restore point: branch {made.label} of {points.source.name} as of {at}, {until}."
    said += f" {done.earlier}" if done.earlier else ""
    said += f"\nBack to it: {back}"
    if by_history:
        said += f"\nOr by the history, {_kept(points)}: {by_history}"
    if not points.source.is_root:
        said += f"\n{UNSETTLED}"
    document = done.as_json() | {"refused": None, "restore": back, "restore_by_history": by_history}
    return _result(points, document, said)


def _not_made(points: Rotation, refused: str) -> Result:
    by_history = _by_history(points, _now())
    said = f"No restore point: {refused}\nBack by the history, {_kept(points)}: {by_history}"
    nothing = dict.fromkeys(Made(points.source).as_json())
    document = nothing | {"refused": refused, "restore": None, "restore_by_history": by_history}
    return _result(points, document, said)


def _result(points: Rotation, document: dict[str, object], said: str) -> Result:
    history = points.room.history
    document |= {
        "parent": points.source.name,
        "history_s": int(history.total_seconds()) if history is not None else None,
        "deleted": [{"id": branch.id, "name": branch.name} for branch in points.gone],
    }
    return Result(document, f"{said}\n{_deleted(points)}" if points.gone else said)


def _has_history(points: Rotation) -> bool:
    """Tell whether the branch can be taken back in time: Neon does that with roots alone."""
    return points.source.is_root and points.room.history != timedelta(0)


def _by_history(points: Rotation, at: str) -> str:
    return flask_neon("restore", points.source.word, "--at", at)


def _kept(points: Rotation) -> str:
    history = points.room.history
    if history is None:
        return "as long as the project keeps it (Neon's console: Settings, Instant restore)"
    seconds = int(history.total_seconds())
    unit, size = next(item for item in _UNITS if seconds % item[1] == 0)
    count = seconds // size
    return f"which Neon keeps for {count} {unit}{'s' if count > 1 else ''}"


def _deleted(points: Rotation) -> str:
    return f"Deleted, being older: {', '.join(branch.label for branch in points.gone)}."


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
