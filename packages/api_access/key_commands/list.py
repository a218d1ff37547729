"""`flask keys list`: tells which keys there are, never the keys themselves."""

import json
from collections.abc import Sequence
from typing import Any

import click

from api_access.key_commands.session import session
from plain_commands.command import Result, command
from plain_commands.table import table

_MOST = 10_000
Rows = Sequence[dict[str, Any]]


@command(
    click.option("--all", "with_past", is_flag=True, help="Also those that are no longer good."),
    name="list",
    doing="Looking for keys",
)
def list(*, with_past: bool) -> Result:  # noqa: A001  as the command is called
    """List the keys: what each may do, whose rows it sees, and when it was last used."""
    with session() as database:
        query = database.store.overview(with_past=with_past, most=_MOST)
        rows: Rows = json.loads(database.work.run(query).json)
    if not rows:
        return Result([], "There are no keys: `flask keys create` makes one.")
    headings = ("id", "name", "begins", "scopes", "user", "last used", "ends")
    return Result(rows, table(headings, [_cells(row) for row in rows]))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    ends = min(filter(None, (row["expires_at"], row["revoked_at"])), default=None)
    return (
        row["id"],
        row["name"],
        row["prefix"],
        ",".join(row["scopes"]),
        row["user_id"] or "all",
        (row["last_used_at"] or "never")[:16],
        (ends or "never")[:16],
    )
