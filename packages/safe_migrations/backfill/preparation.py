"""What is looked at before a backfill changes anything: whether it can be, and by which key."""

from collections.abc import Callable

from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError
from safe_migrations.backfill import statements, table
from safe_migrations.backfill.definition import Backfill
from safe_migrations.backfill.position import Position
from safe_migrations.backfill.statements import Key

Anew = Callable[[Position], bool]
"""Tells of an earlier position whether to forget it."""


def prepare(
    connection: Connection, backfill: Backfill, before: Position | None, anew: Anew
) -> Key | None:
    """Find what the table is walked by; None for what is finished.

    Raises ConfigurationError for what can't be run. Nothing is changed, so a revision that asks in
    its own transaction loses nothing by the answer.
    """
    if before and not begins_anew(before, backfill, anew):
        check_definition(before, backfill)
        if before.finished_at:
            # What it needed may be gone by now.
            return None
    key = table.find_key(connection, backfill)
    # nosemgrep: sql-of-pieces  a revision's own
    connection.execute(statements.as_text(f"EXPLAIN {statements.whole_update(backfill)}"))
    return key


def begins_anew(before: Position, backfill: Backfill, anew: Anew) -> bool:
    """Tell whether to forget a position: also that of another definition which did nothing yet."""
    return anew(before) or (before.digest != backfill.digest and not before.batches)


def check_definition(before: Position, backfill: Backfill) -> None:
    """Raise ConfigurationError when the backfill was begun as another one."""
    if before.digest != backfill.digest:
        message = (
            f"Backfill {backfill.name} was started with another definition than it has now: "
            "restore that one, or start over, on all rows, with "
            f"`flask db backfill run {backfill.name} --restart`."
        )
        raise ConfigurationError(message)
