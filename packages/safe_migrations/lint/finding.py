"""What a rule gets to see, and what it answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.locks import Effect
from safe_migrations.lint.names import content, kind_of, relation
from safe_migrations.statements import Statement

_TABLES = {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW, pg.OBJECT_FOREIGN_TABLE}


@dataclass(frozen=True, slots=True)
class Finding:
    """An unsafe operation: where it is, why it is unsafe, and Alembic code that is not."""

    revision: str
    rule: str
    line: int
    statement: str
    why: str
    fix: str
    breaks_release_before: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule's answer; the rest of a Finding is known to whoever asks."""

    rule: str
    why: str
    fix: str
    breaks_release_before: bool = False

    def at(self, revision: str, line: int, statement: str) -> Finding:
        """Tell where it is."""
        return Finding(
            revision, self.rule, line, statement, self.why, self.fix, self.breaks_release_before
        )


@dataclass(frozen=True, slots=True)
class Past:
    """A statement that came before in the same transaction, with its effects."""

    statement: Statement
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """A statement, and all that decides whether it is safe.

    `catalog` is the schema that it finds, `earlier` the statements of its transaction before it,
    `revision` all of its revision. The tables that `new` revisions made are empty.
    """

    statement: Statement
    catalog: Catalog
    effects: tuple[Effect, ...]
    earlier: tuple[Past, ...] = ()
    revision: tuple[Statement, ...] = ()
    new: frozenset[str] = field(default_factory=frozenset)

    @property
    def kind(self) -> str:
        """What the statement is, such as `alter_table_stmt`."""
        return kind_of(self.statement.tree)

    @property
    def node(self) -> Any:
        """The statement's tree."""
        return content(self.statement.tree)

    @property
    def is_in_transaction(self) -> bool:
        """Whether other statements may be committed with it."""
        return self.statement.transaction is not None

    @property
    def later(self) -> tuple[Statement, ...]:
        """The statements of the revision that come after this one, or after the block it is in."""
        places = [at for at, item in enumerate(self.revision) if item is self.statement] or [
            at for at, item in enumerate(self.revision) if item.line == self.statement.line
        ]
        return self.revision[max(places, default=-1) + 1 :]

    def is_new(self, made_in: str | None) -> bool:
        """Tell whether what a revision made is known to no running code yet."""
        return made_in is not None and made_in in self.new

    def is_column_new(self, table: str, column: str) -> bool:
        """Tell whether no running code knows a column of a table yet."""
        found = self.catalog.column(table, column)
        return found is not None and self.is_new(found.made_in)

    def is_in_use(self, table: str) -> bool:
        """Tell whether a table or view may have rows and users: it is not new."""
        found = self.catalog.table(table)
        if found is None and table in self.catalog.views:
            return self.is_view_in_use(table)
        return found is None or found.made_in is None or found.made_in not in self.new

    def is_view_in_use(self, name: str) -> bool:
        """Tell whether a view may be read by somebody: it is not new."""
        made_in = self.catalog.views.get(name)
        return made_in is None or made_in not in self.new

    def commands(self, *kinds: int) -> Iterator[tuple[str, Any]]:
        """Go through the commands of an ALTER TABLE on a table in use, each with its table."""
        if self.kind != "alter_table_stmt" or self.node.objtype not in _TABLES:
            return
        table = relation(self.node.relation)
        if not self.is_in_use(table):
            return
        for item in self.node.cmds:
            if item.alter_table_cmd.subtype in kinds:
                yield table, item.alter_table_cmd
