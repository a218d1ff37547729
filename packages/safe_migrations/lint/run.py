"""What `flask db lint` does: chooses revisions, learns the schema before them, and judges."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError
from safe_migrations import inspection
from safe_migrations.lint import live
from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.finding import Finding
from safe_migrations.lint.judge import findings, strays
from safe_migrations.lint.ranges import Range, applied, chosen, pending
from safe_migrations.lint.replay import apply
from safe_migrations.project import project_of
from safe_migrations.recording.capture import Capture
from safe_migrations.recording.environment import environment
from safe_migrations.recording.loading import Directory, open_leniently
from safe_migrations.runner import explained


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in how many revisions, and whether the database's catalog helped.

    `problem` says why env.py could not be run, if it could not.
    """

    findings: tuple[Finding, ...]
    revisions: int
    is_live: bool
    problem: str | None = None


def lint(
    config: Config,
    text: str | None = None,
    connection: Connection | None = None,
    *,
    everything: bool = False,
) -> Report:
    """Judge a range of revisions: by default the pending ones of the database, or all without one.

    Raises a PlainError when the range or the files can't be read.
    """
    with readable(config):
        directory = open_leniently(config)
    stored = inspection.stored_revisions(connection) if connection is not None else None
    env = environment(config, directory)
    capture = Capture(directory, env)
    with readable(config):
        if text is None and connection is not None and not everything:
            looked_at = pending(directory, stored or ())
        else:
            looked_at = chosen(directory, text)
        catalog = schema_before(directory, looked_at, connection, stored or (), capture)
    captured = (capture(script, catalog) for script in looked_at.inside)
    found = findings(captured, catalog, looked_at)
    found += strays(directory)
    return Report(tuple(found), len(looked_at.inside), catalog.is_live, env.problem)


@contextmanager
def readable(config: Config) -> Iterator[None]:
    """Raise what Alembic says of a range or a target that it does not know as a PlainError."""
    try:
        with explained(project_of(config)):
            yield
    except RevisionError as error:
        message = f"{str(error).rstrip('.')}. `flask db history` lists the revisions."
        raise ConfigurationError(message) from error


def open_directory(config: Config) -> Directory:
    """Read the revisions; raises ConfigurationError, naming the file that can't be imported."""
    with explained(project_of(config)):
        directory = open_leniently(config)
        directory.get_heads()
    for path, remarks in directory.remarks.items():
        for item in remarks:
            if item.rule == "cannot-be-imported":
                place = f" in line {item.line}" if item.line else ""
                message = f"Revision file {path.name} can't be imported{place}: {item.why}."
                raise ConfigurationError(message)
    return directory


def schema_before(
    directory: ScriptDirectory,
    looked_at: Range,
    connection: Connection | None,
    stored: tuple[str, ...],
    capture: Capture,
) -> Catalog:
    """Learn the schema that a range of revisions finds.

    From the database when it has none of these revisions, else from the revisions before; then the
    database still tells its version.
    """
    done = applied(directory, stored)
    before = looked_at.before
    catalog = Catalog()
    if connection is not None:
        found = live.read(connection)
        if stored and not done & {item.revision for item in looked_at.inside}:
            catalog = found
            before = tuple(item for item in before if item.revision not in done)
        else:
            catalog.major = found.major
    for script in before:
        for statement in capture(script, catalog).statements:
            if statement.tree is not None:
                apply(catalog, statement.tree, script.revision)
    return catalog
