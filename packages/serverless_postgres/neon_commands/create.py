"""`flask neon create`: a new branch, of now or of a moment before."""

from pathlib import Path

import click

from plain_commands.command import Result, command
from plain_commands.errors import InvalidInputError, PlainError
from serverless_postgres.neon_commands import connection, making
from serverless_postgres.neon_commands.session import DATABASE, at, begin, read_moment
from serverless_postgres.neon_names import refuse_unusable


@command(
    click.argument("name"),
    click.option("--parent", metavar="BRANCH", help="Where it begins; see `flask neon --help`."),
    at(help_text="The parent's state at that moment: a time with its time zone, or an LSN."),
    click.option("--expires", metavar="7d", help="Neon deletes it after 90m, 12h, 7d, 2w ..."),
    click.option(
        "--no-compute", is_flag=True, help="Without a compute, so that nobody can connect to it."
    ),
    DATABASE,
    connection.env_options,
)
def create(
    name: str,
    parent: str | None,
    at: str | None,
    expires: str | None,
    database: str | None,
    *,
    no_compute: bool,
    write_env: bool,
    env_file: Path | None,
) -> Result:
    """Make the branch NAME, a copy of its parent with a compute to connect to.

    With --write-env its URLs are written into .env, so that everything on this machine works on
    the new branch. Given again after a failure, it goes on where Neon is.

    Example: flask neon create staging --expires 7d --write-env
    """
    from serverless_postgres.neon import read_lifetime  # noqa: PLC0415  heavy

    refuse_unusable(name)
    wants_url = write_env or env_file is not None
    _refuse_contradictions(wants_url=wants_url, no_compute=no_compute, database=database)
    moment, lifetime = read_moment(at), None if expires is None else read_lifetime(expires)
    session = begin()
    origin = session.branch(parent)
    if wants_url and not moment:
        # The branch will have those of its parent; refused now, it need not be made.
        with session.working("Asking Neon for the databases"):
            session.database(origin, database)
    wish = making.Wish(name, origin, "the same command", moment, lifetime, compute=not no_compute)
    done = making.make(session, wish)
    made = done.branch
    document = done.as_json() | {"parent": origin.name}
    said = f"Branch {made.label} is there, made from {origin.name}"
    said += f" as of {moment.text}" if moment else ""
    said += f"; Neon deletes it at {made.expires_at}." if made.expires_at else "."
    said += f" {done.earlier}" if done.earlier else ""
    if not wants_url:
        return Result(document, said)
    try:
        with session.working("Asking Neon for the URLs", said):
            found = connection.connect(session, made, database=database)
        document["written"], more = connection.write_env(found, env_file)
    except PlainError:
        # What was made is there all the same.
        click.echo(said, err=True)
        raise
    return Result(document, f"{said}\n{more}")


def _refuse_contradictions(*, wants_url: bool, no_compute: bool, database: str | None) -> None:
    if no_compute and wants_url:
        message = "A branch without a compute has no URL: leave out --no-compute or --write-env."
        raise InvalidInputError(message)
    if database and not wants_url:
        message = "--database says whose URL is written: add --write-env, or leave it out."
        raise InvalidInputError(message)
