"""`flask keys revoke`: has a key refused from now on."""

import click

from api_access.key_commands.session import key_id, session
from plain_commands.command import Result, command


@command(
    click.argument("key", metavar="ID"),
    click.option("--force", is_flag=True, help="Also the last key that can make others."),
    doing="Revoking the key",
)
def revoke(key: str, *, force: bool) -> Result:
    """Have a key refused from now on.

    Processes that have just seen it may take it for 30 seconds more.
    """
    found = key_id(key)
    with session() as database:
        database.run(database.store.revoke(found, None, force=force))
        row = database.run(database.store.resource.get(found))
    text = (
        f"Key {found} ({row['name']}) is revoked; within 30 seconds, no process takes it any more."
    )
    return Result(row, text)
