"""`flask neon url`: how to connect to a branch."""

from pathlib import Path

import click

from plain_commands.command import Result, command
from serverless_postgres.neon_commands.connection import (
    DIRECT,
    POOLED,
    connect,
    env_options,
    write_env,
)
from serverless_postgres.neon_commands.session import DATABASE, begin

_VARIABLES = {"pooled": (POOLED,), "direct": (DIRECT,), "both": (POOLED, DIRECT)}


@command(
    click.argument("branch", required=False),
    click.option(
        "--pooled", "kind", flag_value="pooled", help="For the application (DATABASE_URL)."
    ),
    click.option(
        "--direct", "kind", flag_value="direct", help="For schema changes (DIRECT_DATABASE_URL)."
    ),
    click.option("--both", "kind", flag_value="both", default="both", help="The default."),
    DATABASE,
    click.option("--role", help="Who connects; the owner of the database unless named."),
    click.option("--show-password", is_flag=True, help="Show it instead of ***."),
    env_options,
)
def url(
    branch: str | None,
    kind: str,
    database: str | None,
    role: str | None,
    *,
    show_password: bool,
    write_env: bool,
    env_file: Path | None,
) -> Result:
    """Show the URLs of BRANCH, pooled and direct, or write them into .env.

    With --write-env, all other lines of the file stay as they are; a file that git tracks is
    refused. With --pooled or --direct, the one URL stands alone, for a command to use it.

    Example: flask neon url staging --write-env
    """
    session = begin()
    with session.working("Asking Neon for the URLs"):
        found = connect(
            session,
            session.branch(branch),
            database=database,
            role=role,
            variables=_VARIABLES[kind],
        )
    shown = found.shown(with_password=show_password)
    document = found.as_json(with_password=show_password)
    if write_env or env_file:
        document["written"], said = _write(found, env_file)
        return Result(document, said)
    if kind == "both":
        return Result(document, "\n".join(f"{name}={text}" for name, text in shown.items()))
    (alone,) = shown.values()
    return Result(document, alone)


_write = write_env
