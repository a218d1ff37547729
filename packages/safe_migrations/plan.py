"""What an upgrade would do to a database, statement by statement, without doing it."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from alembic.config import Config
from sqlalchemy import Connection

from safe_migrations import inspection
from safe_migrations.lint.catalog import Catalog, Size
from safe_migrations.lint.finding import Finding
from safe_migrations.lint.judge import Judge, beside_statements, otherwise
from safe_migrations.lint.locks import Effect, Lock
from safe_migrations.lint.ranges import pending
from safe_migrations.lint.run import open_directory, readable, schema_before
from safe_migrations.project import project_of
from safe_migrations.recording.capture import Capture
from safe_migrations.recording.environment import environment
from safe_migrations.statements import Captured

Risk = Literal["none", "low", "high"]


@dataclass(frozen=True, slots=True)
class Touched:
    """A table that a statement locks; `size` is None for one that the upgrade makes."""

    table: str
    lock: Lock
    rewrites: bool
    scans: bool
    size: Size | None


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """A statement of an upgrade; `transaction` is None outside of one."""

    sql: str
    line: int
    transaction: int | None
    tables: tuple[Touched, ...]
    findings: tuple[Finding, ...]

    @property
    def rewrites(self) -> bool:
        """Whether a table is written anew."""
        return any(item.rewrites for item in self.tables)

    @property
    def scans(self) -> bool:
        """Whether a table is read as a whole."""
        return any(item.scans for item in self.tables)

    @property
    def risk(self) -> Risk:
        """High with a finding; low where reads or writes of a table wait for a moment."""
        if self.findings:
            return "high"
        waits = any(item.lock.stops_writes and item.size is not None for item in self.tables)
        return "low" if waits else "none"


@dataclass(frozen=True, slots=True)
class PlannedRevision:
    """A revision of an upgrade; `findings` are those that belong to none of its statements."""

    revision: str
    title: str
    statements: tuple[PlannedStatement, ...]
    findings: tuple[Finding, ...]


def plan(
    config: Config, connection: Connection, target: str = "heads"
) -> tuple[PlannedRevision, ...]:
    """Tell what `upgrade` to a target would do; nothing when the database is there already.

    Raises a PlainError when the target or the files can't be read, or when other tables stand
    where the models' belong.
    """
    directory = open_directory(config)
    capture = Capture(directory, environment(config, directory))
    stored = inspection.stored_revisions(connection) or ()
    inspection.check_tables(connection, project_of(config))
    with readable(config):
        steps = pending(directory, stored, target)
        catalog = schema_before(directory, steps, connection, stored, capture)
    new = frozenset(item.revision for item in steps.inside)
    return tuple(_planned(capture(script, catalog), catalog, new) for script in steps.inside)


def _planned(captured: Captured, catalog: Catalog, new: frozenset[str]) -> PlannedRevision:
    statements = []
    before = deepcopy(catalog) if captured.otherwise else catalog
    sizes = {name: table.size for name, table in catalog.tables.items()}
    judge = Judge(catalog, new)
    for statement, effects, findings in judge.judge(captured):
        sizes |= {name: table.size for name, table in catalog.tables.items() if table.size}
        statements.append(
            PlannedStatement(
                statement.sql,
                statement.line,
                statement.transaction,
                tuple(_touched(effect, sizes) for effect in effects),
                tuple(findings),
            )
        )
    here = [item for statement in statements for item in statement.findings]
    beside = (
        *beside_statements(captured),
        *otherwise(captured, before, new, here),
        *judge.unneeded,
    )
    return PlannedRevision(captured.revision, captured.title, tuple(statements), beside)


def _touched(effect: Effect, sizes: dict[str, Size | None]) -> Touched:
    size = sizes.get(effect.table)
    return Touched(effect.table, effect.lock, effect.rewrites, effect.scans, size)
