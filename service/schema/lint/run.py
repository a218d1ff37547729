"""What `flask db lint` does: chooses revisions, learns the schema before them, and judges."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection

from service.errors import ConfigurationError
from service.schema import inspection
from service.schema.lint import live
from service.schema.lint.catalog import Catalog
from service.schema.lint.finding import Finding
from service.schema.lint.judge import findings, strays
from service.schema.lint.ranges import Range, applied, chosen, pending
from service.schema.lint.replay import apply
from service.schema.recording.capture import Capture
from service.schema.recording.environment import environment
from service.schema.recording.loading import Directory, open_leniently
from service.schema.runner import explained


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

    Raises a ServiceError when the range or the files can't be read.
    """
    with readable():
        directory = open_leniently(config)
    stored = inspection.stored_revisions(connection) if connection is not None else None
    env = environment(config, directory)
    capture = Capture(directory, env)
    with readable():
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
def readable() -> Iterator[None]:
    """Raise what Alembic says of a range or a target that it does not know as a ServiceError."""
    try:
        with explained():
            yield
    except RevisionError as error:
        message = f"{str(error).rstrip('.')}. `flask db history` lists the revisions."
        raise ConfigurationError(message) from error


def open_directory(config: Config) -> Directory:
    """Read the revisions; raises ConfigurationError, naming the file that can't be imported."""
    with explained():
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
