"""What `flask db status` shows: a database, its revisions, and what was left undone in it."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection

from safe_migrations import inspection
from safe_migrations.autogenerate.beyond import Note, notes
from safe_migrations.autogenerate.drift import Comparison, Difference, compare
from safe_migrations.autogenerate.gaps import Incomplete
from safe_migrations.current import EMBEDDED
from safe_migrations.errors import ExitCode
from safe_migrations.foreign import Foreign
from safe_migrations.inspection import InvalidIndex, Server, UnvalidatedConstraint
from safe_migrations.project import Project
from safe_migrations.standing import Standing, standing
from safe_migrations.target import Target, goes_through_pooler, opened, target
from serverless_postgres.url import masked


@dataclass(frozen=True, slots=True)
class Overview:
    """A database as it is.

    `drift` is None while revisions are pending, or other tables are there: there is no comparing.
    `incomplete` are the tables that could not be compared in full.
    """

    target: Target
    server: Server
    is_pooled: bool
    standing: Standing
    drift: tuple[Difference, ...] | None
    incomplete: tuple[Incomplete, ...]
    beyond_models: tuple[Note, ...]
    invalid_indexes: tuple[InvalidIndex, ...]
    unvalidated_constraints: tuple[UnvalidatedConstraint, ...]
    unfinished_backfills: tuple[str, ...]
    interrupted_revisions: tuple[str, ...]

    @property
    def is_embedded(self) -> bool:
        """Whether it is the embedded server."""
        return self.target.source == EMBEDDED

    @property
    def exit_code(self) -> ExitCode:
        """The verdict: what has to be mended first."""
        if len(self.standing.heads) > 1:
            return ExitCode.SEVERAL_HEADS
        if self.standing.foreign is not None:
            return ExitCode.ERROR
        if self.standing.unknown and not self.standing.can_be_served:
            return ExitCode.ERROR
        if self.standing.pending:
            return ExitCode.BEHIND
        return ExitCode.DRIFT if self.drift else ExitCode.OK

    def as_json(self) -> dict[str, Any]:
        """Make the document that `--json` writes."""
        return {
            "database": {
                "url": masked(self.target.url),
                "source": self.target.source,
                "version": self.server.version,
                "role": self.server.role,
                "neon": self.target.is_neon,
                "pooled": self.is_pooled,
                "embedded": self.is_embedded,
            },
            "current": self.standing.stored or [],
            "heads": [item.revision for item in self.standing.heads],
            "pending": [
                {"revision": item.revision, "title": item.title} for item in self.standing.pending
            ],
            "unknown": self.standing.unknown,
            "foreign": _foreign_json(self.standing.foreign),
            "ahead": self.standing.is_ahead,
            "breaking": self.standing.breaking,
            "interrupted": self.interrupted_revisions,
            "drift": None if self.drift is None else [asdict(item) for item in self.drift],
            "incomplete": [asdict(item) for item in self.incomplete],
            "beyond_models": [asdict(item) for item in self.beyond_models],
            "invalid_indexes": [
                {"name": item.name, "table": item.table, "is_being_built": item.is_being_built}
                for item in self.invalid_indexes
            ],
            "unvalidated_constraints": [
                {"table": item.table, "name": item.name} for item in self.unvalidated_constraints
            ],
            "unfinished_backfills": self.unfinished_backfills,
        }


def overview(project: Project, x: tuple[str, ...] = ()) -> Overview:
    """Look at the database of a project; `x` are the arguments for env.py.

    Raises ConfigurationError, in a sentence, when there is none or it can't be reached.
    """
    found = target(project.settings, x)
    with opened(found, project.settings) as connection:
        server = inspection.server(connection)
        stored = inspection.stored_revisions(connection)
        stands = replace(
            standing(stored, project.versions, inspection.history(connection)),
            foreign=inspection.foreign(connection, project),
        )
        beyond = tuple(notes(connection, project.tables))
        compared = _compared(connection, stands, project)
        return Overview(
            target=found,
            server=server,
            is_pooled=goes_through_pooler(found, connection, server),
            standing=stands,
            beyond_models=beyond,
            drift=compared.differences if compared else None,
            incomplete=compared.incomplete if compared else (),
            invalid_indexes=tuple(inspection.invalid_indexes(connection, project.aside)),
            unvalidated_constraints=tuple(
                inspection.unvalidated_constraints(connection, project.aside)
            ),
            unfinished_backfills=tuple(inspection.unfinished_backfills(connection)),
            interrupted_revisions=tuple(inspection.interrupted_revisions(connection)),
        )


def _foreign_json(found: Foreign | None) -> dict[str, str] | None:
    return None if found is None else {"said": found.said, "mend": found.mend}


def _compared(connection: Connection, stands: Standing, project: Project) -> Comparison | None:
    if stands.pending or stands.unknown or stands.foreign:
        return None
    # The comparison works in a transaction, which it rolls back.
    connection.rollback()
    connection.execution_options(isolation_level="READ COMMITTED")
    others = project.settings.schema_other_tables
    return compare(connection, project.tables, others, project.options)
