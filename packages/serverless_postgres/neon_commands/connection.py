"""The URLs of a branch: shown without their password unless asked, and written into `.env`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plain_commands.command import subject
from plain_commands.errors import ConfigurationError, ConflictError, InvalidInputError
from serverless_postgres.neon_commands.session import Session
from serverless_postgres.neon_names import flask_neon

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch

POOLED = "DATABASE_URL"
DIRECT = "DIRECT_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to connect to a database on a branch; the URLs are by the variable that wants them."""

    branch: "Branch"
    database: str
    role: str
    urls: dict[str, str]

    def shown(self, *, with_password: bool) -> dict[str, str]:
        """Write the URLs for people to see."""
        from serverless_postgres.url_text import masked  # noqa: PLC0415  heavy

        return (
            self.urls if with_password else {name: masked(url) for name, url in self.urls.items()}
        )

    def as_json(self, *, with_password: bool) -> dict[str, Any]:
        """Write it for programs."""
        urls = {name.lower(): url for name, url in self.shown(with_password=with_password).items()}
        branch = {"id": self.branch.id, "name": self.branch.name}
        return {"branch": branch, "database": self.database, "role": self.role, **urls}


def connect(
    session: Session,
    branch: "Branch",
    *,
    database: str | None = None,
    role: str | None = None,
    variables: tuple[str, ...] = (POOLED, DIRECT),
) -> Connection:
    """Ask Neon for the URLs of a branch.

    Raises ConflictError for a branch without a compute, InvalidInputError for a database or role
    that it doesn't have.
    """
    from serverless_postgres import neon_url, url_text  # noqa: PLC0415  heavy

    project = session.project
    if not project.has_compute(branch.id):
        message = f"Branch {branch.name} has no compute to connect to: {copy_of(session, branch)}."
        raise ConflictError(message)
    name, owner = session.database(branch, database)
    urls = {}
    for variable in variables:
        try:
            text = project.connection_url(
                branch.id, database=name, role=role or owner, pooled=variable == POOLED
            )
        except ConfigurationError:
            if lack := project.lack(branch, database=name, role=role):
                message = f"{lack}: choose one with --role."
                raise InvalidInputError(message) from None
            raise
        # Written anew: whatever a password holds, the line of .env is read as it is meant.
        urls[variable] = neon_url.with_tls(url_text.read(text, variable)).text()
    return Connection(branch, name, role or owner, urls)


def copy_of(session: Session, branch: "Branch") -> str:
    """Say how to get a branch with the state of another, and with a compute."""
    if not branch.expires_at:
        return (
            f"`{flask_neon('create', 'NAME', '--parent', branch.word)}` makes a copy with a compute"
        )
    # Neon makes no branches from those that expire.
    parent = session.branches.parent_of(branch)
    if parent and branch.parent_lsn and not parent.expires_at:
        create = flask_neon("create", "NAME", "--parent", parent.word, "--at", branch.parent_lsn)
        return (
            f"`{create}` makes a branch with this state and a compute, as long as Neon has the "
            "history of then"
        )
    return "Neon's console adds one (Branches, the branch, Computes)"


def env_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for writing into a file."""
    for option in (
        click.option(
            "--env-file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="The file to write to; the project's .env unless named.",
        ),
        click.option("--write-env", is_flag=True, help="Write the URLs into .env."),
    ):
        function = option(function)
    return function


def write_env(connection: Connection, env_file: Path | None) -> tuple[dict[str, Any], str]:
    """Write the URLs into a file; returns what was done, as a document and as sentences."""
    from serverless_postgres.neon_commands.dotenv_file import write  # noqa: PLC0415
    from serverless_postgres.url_text import masked  # noqa: PLC0415  heavy

    path = env_file or subject().env_file
    written = write(path, connection.urls)
    shown = connection.shown(with_password=False)
    lines = []
    for name, before in written.before.items():
        if before == connection.urls[name]:
            lines.append(f"{name} in {path} is {shown[name]}, as before.")
        elif before:
            lines.append(f"{name} in {path} is now {shown[name]}; it was {masked(before)}.")
        else:
            lines.append(f"{name} in {path} is now {shown[name]}.")
    if written.is_ignored is False:
        lines.append(f"git does not ignore {path}: add it to .gitignore, it holds a password.")
    document = {
        "file": str(path),
        "replaced": {name: before and masked(before) for name, before in written.before.items()},
    }
    return document, "\n".join(lines)
