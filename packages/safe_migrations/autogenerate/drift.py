"""Tells how a database differs from the models, and where it can't tell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate.api import produce_migrations
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from safe_migrations.autogenerate.gaps import Incomplete, incomplete
from safe_migrations.autogenerate.options import comparison
from safe_migrations.autogenerate.safety import changes


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which models and database differ; `detail` is a sentence."""

    kind: str
    table: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison saw, and what it could not see."""

    differences: tuple[Difference, ...]
    incomplete: tuple[Incomplete, ...]


def compare(
    connection: Connection,
    metadata: MetaData,
    others: Collection[str] = (),
    given: Mapping[str, Any] | None = None,
) -> Comparison:
    """Compare a database with models; nothing is left behind in the database.

    `others` are names or patterns of tables of other applications, `given` further options of
    Alembic's.

    The connection must not be in autocommit mode: the comparison needs a transaction to roll back.
    """
    options = comparison(metadata, others, given or {})
    context = MigrationContext.configure(connection, opts=options)
    upgrade = produce_migrations(context, metadata).upgrade_ops
    assert upgrade is not None  # noqa: S101  Alembic always makes one
    differences = tuple(
        Difference(change.kind, change.table, change.name, change.detail)
        for change in changes(connection, upgrade)
    )
    return Comparison(differences, tuple(incomplete(upgrade)))


def find(
    connection: Connection, metadata: MetaData, others: Collection[str] = ()
) -> list[Difference]:
    """Compare as `compare` does, where nobody asks what was left out."""
    return list(compare(connection, metadata, others).differences)
