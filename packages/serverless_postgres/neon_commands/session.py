"""What the commands of `flask neon` begin with: the project of the settings, and its branches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plain_commands.command import Decorator, subject
from plain_commands.errors import ConfigurationError, ConflictError, InvalidInputError, PlainError
from plain_commands.waiting import waiting
from serverless_postgres.settings import PostgresSettings

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Branch, Branches, Moment, NeonProject, Room

DATABASE = click.option("--database", help="Its name, if the branch has several.")


@dataclass(frozen=True, slots=True)
class Subject:
    """What the commands work on; `env_file` is where URLs are written unless another is named."""

    settings: PostgresSettings
    env_file: Path


@dataclass(frozen=True, slots=True)
class Session:
    """A project, its branches as they were when the command began, and the settings."""

    settings: PostgresSettings
    project: "NeonProject"
    branches: "Branches"

    def branch(self, name_or_id: str | None) -> "Branch":
        """Find a branch; not named, it is NEON_BRANCH_ID, else the default one."""
        if name_or_id is not None:
            return self.branches.find(name_or_id)
        wanted = self.settings.neon_branch_id
        return self.branches.of_setting(wanted) if wanted else self.branches.default

    def parent_name(self, branch: "Branch") -> str:
        """Name the branch that another was made from; its id, if that is not there any more."""
        parent = self.branches.parent_of(branch)
        return parent.name if parent else branch.parent_id or ""

    def refuse_taken(self, name: str) -> None:
        """Raise ConflictError if there is a branch of this name."""
        if taken := self.branches.get(name):
            message = f"There is a branch {taken.label} already: choose another name."
            raise ConflictError(message)

    def refuse_expiring(self, parent: "Branch") -> None:
        """Raise ConflictError for a parent that expires, from which Neon makes no branches."""
        from serverless_postgres.neon.moments import minute  # noqa: PLC0415  heavy

        if parent.expires_at:
            message = (
                f"Branch {parent.name} expires at {minute(parent.expires_at)}, and Neon makes no "
                "branches from such ones: choose another parent."
            )
            raise ConflictError(message)

    def room(self) -> "Room":
        """Count the branches against what the plan has."""
        with waiting("Counting the branches on Neon"):
            return self.project.room(self.branches)

    def refuse_beyond_plan(self, *spared: "Branch", room: "Room | None" = None) -> None:
        """Raise LimitReachedError if the plan has no further branch; say so if one costs extra.

        The refusal names what could go, but none of the branches that are needed.
        """
        counted = room or self.room()
        counted.refuse_more(*(branch.id for branch in spared))
        if price := counted.price_of_another():
            click.echo(price, err=True)

    def refuse_precious(self, branch: "Branch", what: str) -> None:
        """Raise ConflictError if a branch is the default one, or protected."""
        if branch.is_default or branch.is_protected:
            kind = "the project's default branch" if branch.is_default else "protected"
            message = f"Branch {branch.label} is {kind}; it is not {what} from here."
            raise ConflictError(message)

    @contextmanager
    def working(
        self, what: str, if_interrupted: str = "", if_unfinished: str = ""
    ) -> Iterator[None]:
        """Show what Neon is doing if it takes a while; after a failure, tell what it leaves.

        After Ctrl-C, or where an answer got lost, that is what Neon may still do, else what is to
        be done about what Neon has begun and not finished.
        """
        from serverless_postgres.neon import MaybeDoneError  # noqa: PLC0415  heavy

        with waiting(what, if_interrupted) as progress:
            self.project.report_to(progress)
            try:
                yield
            except PlainError as error:
                if self.project.is_unfinished:
                    error.detail = f"{error.detail} {if_unfinished}".rstrip()
                elif isinstance(error, MaybeDoneError):
                    error.detail = f"{error.detail} {if_interrupted}".rstrip()
                raise

    def database(self, branch: "Branch", wanted: str | None) -> tuple[str, str]:
        """Choose a database of a branch, and the role that owns it.

        Not named, it is the only one, else that of DATABASE_URL. Raises InvalidInputError if that
        leaves none.
        """
        found = self.project.databases(branch.id)
        if not found:
            message = (
                f"Branch {branch.name} has no database: create one in Neon's console (Databases)."
            )
            raise InvalidInputError(message)
        names = ", ".join(found)
        if wanted and wanted not in found:
            message = f"Branch {branch.name} has no database {wanted!r}; it has {names}."
            raise InvalidInputError(message)
        name = wanted or (next(iter(found)) if len(found) == 1 else self._usual_database())
        if name not in found:
            message = f"Branch {branch.name} has the databases {names}: choose one with --database."
            raise InvalidInputError(message)
        return name, found[name]

    def _usual_database(self) -> str:
        from serverless_postgres import url_text  # noqa: PLC0415  heavy

        try:
            return url_text.read(self.settings.database_url or "").database
        except ConfigurationError:
            return ""


def begin() -> Session:
    """Read the settings and list the project's branches.

    Raises ConfigurationError when the settings don't suffice or Neon refuses them, and
    UnavailableError when it can't be reached.
    """
    from serverless_postgres.neon import NeonProject  # noqa: PLC0415  heavy

    settings = subject().settings
    project = NeonProject.configured(settings)
    with waiting("Listing the branches on Neon"):
        return Session(settings, project, project.all_branches())


def read_moment(text: str | None) -> "Moment | None":
    """Read the value of an option `--at`; an empty one, as of a variable, is not left out."""
    from serverless_postgres.neon import Moment  # noqa: PLC0415  heavy

    return None if text is None else Moment.read(text)


def at(option: str = "--at", help_text: str = "A time with its time zone, or an LSN.") -> Decorator:
    """Make an option for a moment of a branch's history."""
    return click.option(option, metavar="TIME|LSN", help=help_text)
