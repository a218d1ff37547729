"""`flask neon restore-point`: a way back, before a risky change."""

from datetime import UTC, datetime

import click

from service.cli.command import Result, command
from service.cli.neon.making import Wish, make
from service.cli.neon.session import begin


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
)
def restore_point(name: str | None, branch: str | None, expires: str) -> Result:
    """Keep the present state of a branch under NAME, and say how to come back to it.

    It is a branch without a compute: made in a second, and only what changes from now on takes
    room. Without NAME it is called after the time.

    Example: flask neon restore-point before-1.4
    """
    from service.db.neon import read_lifetime  # noqa: PLC0415  heavy

    now = datetime.now(UTC)
    name = name or f"before-{now:%Y%m%d-%H%M%S}"
    lifetime = None if expires == "never" else read_lifetime(expires)
    session = begin()
    source = session.branch(branch)
    again = f"`flask neon restore-point {name} --branch {source.name} --expires {expires}`"
    done = make(session, Wish(name, source, again, lifetime=lifetime, compute=False))
    made = done.branch
    back = f"flask neon restore {source.name} {made.name}"
    until = f"until {made.expires_at}" if made.expires_at else "until it is deleted"
    document = done.as_json() | {"parent": source.name, "restore": back}
    said = f"Restore point: branch {made.label} of {source.name}, {until}."
    said += (f" {done.earlier}" if done.earlier else "") + f"\nBack to it: {back}"
    return Result(document, said)
