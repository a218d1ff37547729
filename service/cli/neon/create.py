"""`flask neon create`: a new branch, of now or of a moment before."""

from pathlib import Path

import click

from service.cli.command import Result, command
from service.cli.neon import connection
from service.cli.neon.session import DATABASE, at, begin, read_moment
from service.errors import InvalidInputError, ServiceError


@command(
    click.argument("name"),
    click.option("--parent", metavar="BRANCH", help="Where it begins; see `flask neon --help`."),
    at(help_text="The parent's state of then: a time with its time zone, or an LSN."),
    click.option("--expires", metavar="7d", help="Neon deletes it after 90m, 12h, 7d, 2w ..."),
    click.option("--no-compute", is_flag=True, help="A copy that one can't connect to."),
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
    the new branch.

    Example: flask neon create staging --expires 7d --write-env
    """
    from service.db.neon import read_lifetime  # noqa: PLC0415  heavy

    wants_url = write_env or env_file is not None
    if no_compute and wants_url:
        message = "A branch without a compute has no URL: leave out --no-compute or --write-env."
        raise InvalidInputError(message)
    moment, lifetime = read_moment(at), read_lifetime(expires) if expires else None
    session = begin()
    session.refuse_taken(name)
    origin = session.branch(parent)
    session.refuse_expiring(origin)
    session.refuse_beyond_plan(origin)
    interrupted = (
        f"Neon may be making branch {name} all the same: `flask neon branches` tells, and `flask "
        f"neon delete {name}` takes it away."
    )
    with session.working(f"Making branch {name} on Neon", interrupted):
        made = session.project.create_branch(
            name, parent_id=origin.id, at=moment, lifetime=lifetime, compute=not no_compute
        )
    document = made.as_json() | {"parent": origin.name}
    said = f"Branch {made.label} is there, made from {origin.name}"
    said += f" as of {moment.text}" if moment else ""
    said += f"; Neon deletes it at {made.expires_at}." if made.expires_at else "."
    if wants_url:
        try:
            with session.working("Asking Neon for the URLs", said):
                found = connection.connect(session, made, database=database)
            document["written"], more = connection.write_env(found, env_file)
        except ServiceError:
            # What was made is there all the same.
            click.echo(said, err=True)
            raise
        said += "\n" + more
    return Result(document, said)
