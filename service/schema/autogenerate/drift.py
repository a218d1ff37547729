"""Tells how a database differs from the models, and what it holds that models don't describe."""

from dataclasses import dataclass
from typing import Any

from alembic.autogenerate.api import produce_migrations
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from service.schema.autogenerate.options import comparison
from service.schema.autogenerate.safety import changes

_UNKNOWN = text("""
    SELECT 'view', c.oid::regclass::text, '' FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'trigger', t.tgname::text, t.tgrelid::regclass::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'policy', p.polname::text, p.polrelid::regclass::text
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'row-level security', c.relname::text, '' FROM pg_class c
    WHERE c.relrowsecurity AND c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, '' FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which models and database differ; `detail` is a sentence."""

    kind: str
    table: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the database holds and no model can describe: it may be as it should be."""

    kind: str
    name: str
    table: str

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} {self.name}" + (f" on {self.table}" if self.table else "")


def find(connection: Connection, metadata: MetaData) -> list[Difference]:
    """Compare a database with models; nothing is left behind in the database.

    The connection must not be in autocommit mode: the comparison needs a transaction to roll back.
    """
    options: dict[str, Any] = comparison(metadata)
    context = MigrationContext.configure(connection, opts=options)
    upgrade = produce_migrations(context, metadata).upgrade_ops
    assert upgrade is not None  # noqa: S101  Alembic always makes one
    return [
        Difference(change.kind, change.table, change.name, change.detail)
        for change in changes(connection, upgrade)
    ]


def notes(connection: Connection) -> list[Note]:
    """List views, triggers, policies and functions: outside of what models describe."""
    return [Note(*row) for row in connection.execute(_UNKNOWN)]
