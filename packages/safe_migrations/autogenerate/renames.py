"""Tells renames from drop + add, which loses the data: by asking, never by guessing."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from alembic.autogenerate.api import produce_migrations
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import ops
from alembic.operations.ops import MigrateOperation, UpgradeOps
from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError
from safe_migrations.autogenerate import epochs
from safe_migrations.autogenerate.changes import Change, Execute, Order, Phase, Step
from safe_migrations.autogenerate.named_after import along
from safe_migrations.autogenerate.place import Place, place_of

Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rename:
    """A column (`table` is set) or a table with a new name, or in another schema.

    Tables are written with their schema where it is not the default one: `ops.users`.
    """

    table: str | None
    old: str
    new: str

    def __str__(self) -> str:
        """Write it as the option takes it.

        `users.name:display_name`, `clients:users`, `ops.clients:ops.users`.
        """
        return f"{self.table}.{self.old}:{self.new}" if self.table else f"{self.old}:{self.new}"

    @property
    def question(self) -> str:
        """Ask a person whether it is one."""
        prefix = f"{self.table}." if self.table else "the table "
        return f"Is {prefix}{self.new} the renamed {prefix}{self.old}?"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller knows: the renames, whether all else is drop + add, units, whom to ask."""

    renames: tuple[Rename, ...]
    no_renames: bool
    epochs: dict[str, str]
    ask: Ask | None


def wishes(config: Config) -> Wishes:
    """Read `renames`, `no_renames`, `epochs` and `ask` of the attributes, and what `-x` says.

    That is `-x rename=`, `-x no-rename=1` and `-x epochs=`. Raises ConfigurationError for what
    can't be read.
    """
    given = [item.partition("=") for item in getattr(config.cmd_opts, "x", None) or ()]
    said = [value for key, _, value in given if key == "rename"]
    said += config.attributes.get("renames") or ()
    counted = [value for key, _, value in given if key == "epochs"]
    counted += config.attributes.get("epochs") or ()
    no_renames = any(key == "no-rename" and value not in {"", "0"} for key, _, value in given)
    ask = config.attributes.get("ask")
    if ask is None and "ask" not in config.attributes and sys.stdin and sys.stdin.isatty():
        ask = _ask_terminal
    return Wishes(
        tuple(_parse(item) for item in said),
        no_renames or bool(config.attributes.get("no_renames")),
        epochs.parse(counted),
        ask,
    )


def settle(
    context: MigrationContext,
    metadata: Any,
    found: UpgradeOps,
    wanted: Wishes,
    word: Callable[[UpgradeOps], list[Change]],
) -> list[Change]:
    """Find out which drops and adds are renames; compare and word once more as if these were done.

    Returns the renames and what else differs, worded. Raises ConfigurationError when there may be
    renames and nobody to ask, or when a rename that was asked for isn't possible.
    """
    renames = list(wanted.renames)
    if not wanted.no_renames:
        probable = [
            item
            for item in candidates(context, found)
            if not any(_concern_the_same(item, other) for other in renames)
        ]
        if probable and wanted.ask is None:
            raise _undecided(probable)
        for item in probable:
            if wanted.ask is None or any(_concern_the_same(item, other) for other in renames):
                continue
            if wanted.ask(item.question):
                renames.append(item)
    if not renames:
        epochs.settle(found, context.dialect, wanted.epochs, wanted.ask)
        return word(found)
    connection = context.connection
    assert connection is not None  # noqa: S101  there is no comparison without one
    dialect = connection.dialect
    savepoint = connection.begin_nested()
    try:
        # Read the names along with it before the comparison, which then sees the new ones.
        named = {item: _apply(connection, item) for item in renames}
        rest = produce_migrations(context, metadata).upgrade_ops
        assert rest is not None  # noqa: S101  Alembic always makes one
        epochs.settle(rest, context.dialect, wanted.epochs, wanted.ask)
        others = word(rest)
    finally:
        savepoint.rollback()
    # What takes added values of enums back again uses the new names.
    has_values = any(step.phase is Phase.VALUES for change in others for step in change.steps)
    phase = Phase.VALUES if has_values else Phase.CHANGE
    return [*(_change(item, dialect, phase, named[item]) for item in renames), *others]


def candidates(context: MigrationContext, found: UpgradeOps) -> list[Rename]:
    """Find what is dropped and added with the same type in one table; the likeliest come first."""
    probable = [*_tables(context, found)]
    for table in (op for op in found.ops if isinstance(op, ops.ModifyTableOps)):
        dropped = [op for op in table.ops if isinstance(op, ops.DropColumnOp)]
        added = [op for op in table.ops if isinstance(op, ops.AddColumnOp)]
        probable += [
            Rename(_name(table.schema, table.table_name), old.column_name, str(new.column.name))
            for old in dropped
            for new in added
            if not context.impl.compare_type(old.to_column(), new.column)
        ]
    return sorted(probable, key=lambda item: -SequenceMatcher(None, item.old, item.new).ratio())


def _tables(context: MigrationContext, found: UpgradeOps) -> Iterator[Rename]:
    dropped = [op.to_table() for op in found.ops if isinstance(op, ops.DropTableOp)]
    added = [op.to_table() for op in found.ops if isinstance(op, ops.CreateTableOp)]
    for old in dropped:
        for new in added:
            if {column.name for column in old.columns} == {column.name for column in new.columns}:
                differs = (
                    context.impl.compare_type(old.c[column.name], column) for column in new.columns
                )
                if not any(differs):
                    yield _rename(context, old, new)


def _rename(context: MigrationContext, old: Table, new: Table) -> Rename:
    default = context.impl.dialect.default_schema_name
    schemas = [table.schema for table in (old, new)]
    # `ops.users:users` would be read as a column's: where one has its schema, both do.
    schemas = [schema or default for schema in schemas] if any(schemas) else schemas
    return Rename(None, _name(schemas[0], old.name), _name(schemas[1], new.name))


def _name(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else str(table)


def _undecided(probable: list[Rename]) -> ConfigurationError:
    first = probable[0]
    others = f" (and {len(probable) - 1} more)" if len(probable) > 1 else ""
    prefix = f"{first.table}." if first.table else "the table "
    message = (
        f"{prefix}{first.new} may be the renamed {prefix}{first.old}{others}; as drop + add its "
        f"data would be lost. Pass `--rename {first}` or `--no-rename` (to alembic: "
        f"`-x rename={first}` or `-x no-rename=1`). Code that runs during the upgrade breaks on a "
        "rename: to expand (add the new name, write both) and to contract (drop the old one in a "
        "later release) is safer. A column that is split, or joined with another, goes that way, "
        "too: add the new ones, backfill them from the old, drop that later."
    )
    message = message[0].upper() + message[1:] if not first.table else message
    return ConfigurationError(message, renames=[str(item) for item in probable])


def _parse(said: str) -> Rename:
    place, _, new = said.partition(":")
    table, _, old = place.rpartition(".")
    if "." in new:
        table, old = "", place
    if not old or not new or place.count(".") < new.count(".") or new.count(".") > 1:
        message = (
            f"{said!r} is not a rename: write table.old:new for a column, old:new for a table; "
            "schema.table.old:new and schema.old:schema.new where there are schemas."
        )
        raise ConfigurationError(message)
    return Rename(table or None, old, new)


def _concern_the_same(one: Rename, other: Rename) -> bool:
    return one.table == other.table and (one.old == other.old or one.new == other.new)


def _apply(connection: Connection, item: Rename) -> list[tuple[str, str]]:
    """Rename it; returns the statements, there and back, for what has its name from it."""
    try:
        for statement in _statements(item, connection.dialect):
            # nosemgrep: sql-of-pieces  quoted
            connection.execute(text(statement))
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        message = f"The rename {item} isn't possible: {reason}."
        raise ConfigurationError(message) from error
    table = _place(item.table or item.new, connection.dialect)
    former = _place(item.table or item.old, connection.dialect).name
    column = (item.old, item.new) if item.table else None
    named = list(along(connection, table, former, column))
    for there, _ in named:
        # nosemgrep: sql-of-pieces  quoted
        connection.execute(text(there))
    return named


def _statements(item: Rename, dialect: Dialect) -> Iterator[str]:
    quote = dialect.identifier_preparer.quote
    if item.table:
        table = _place(item.table, dialect).quoted(dialect)
        yield f"ALTER TABLE {table} RENAME {quote(item.old)} TO {quote(item.new)}"
        return
    old, new = _place(item.old, dialect), _place(item.new, dialect)
    if old.schema != new.schema:
        schema = quote(new.schema or str(dialect.default_schema_name))
        yield f"ALTER TABLE {old.quoted(dialect)} SET SCHEMA {schema}"
        old = Place(new.schema, old.name)
    if old != new:
        yield f"ALTER TABLE {old.quoted(dialect)} RENAME TO {quote(new.name)}"


def _place(name: str, dialect: Dialect) -> Place:
    schema, _, table = name.rpartition(".")
    return place_of(schema, table, dialect)


def _change(item: Rename, dialect: Dialect, phase: Phase, named: list[tuple[str, str]]) -> Change:
    up: list[MigrateOperation]
    down: list[MigrateOperation]
    if item.table:
        place = _place(item.table, dialect)
        up = [_column(place, item.old, item.new)]
        down = [_column(place, item.new, item.old)]
        kind, table, what = "rename_column", item.table, f"column {item.table}.{item.old}"
    else:
        back = Rename(None, item.new, item.old)
        up = [Execute(statement) for statement in _statements(item, dialect)]
        down = [Execute(statement) for statement in _statements(back, dialect)]
        kind, table, what = "rename_table", item.old, f"table {item.old}"
    detail = f"The {what} is {item.new} in the models."
    ups = [*up, *(Execute(there) for there, _ in named)]
    downs = [*(Execute(back) for _, back in reversed(named)), *down]
    steps = [Step(phase, ups, downs)]
    return Change(kind, table, item.old, detail, steps, order=Order.RENAME)


def _column(table: Place, old: str, new: str) -> MigrateOperation:
    return ops.AlterColumnOp(table.name, old, schema=table.schema, modify_name=new)


def _ask_terminal(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
