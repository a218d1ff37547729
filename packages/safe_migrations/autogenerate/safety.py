"""Turns Alembic's own operations into changes that leave running code and readers alone."""

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy import (
    Connection,
    Identity,
)

from safe_migrations import cookbook
from safe_migrations.autogenerate.changes import (
    Change,
    Execute,
    Order,
    Phase,
    Remark,
    Step,
)
from safe_migrations.autogenerate.circles import place, without_circles
from safe_migrations.autogenerate.epochs import kinds
from safe_migrations.autogenerate.place import Place
from safe_migrations.autogenerate.required import required
from safe_migrations.autogenerate.retyping import Retyping, default_steps
from safe_migrations.autogenerate.twice import checks_of_columns, plain, without_serial

_LONGEST_NAME = 63


def changes(connection: Connection, upgrade: ops.UpgradeOps) -> list[Change]:
    """Word all differences of a comparison as changes, in the order that they can be made in."""
    found = without_circles(list(_flat(upgrade)))
    new = {place(op) for op in found if isinstance(op, ops.CreateTableOp)}
    old = {place(op) for op in found if isinstance(op, ops.DropTableOp)}
    wording = _Wording(connection, new | old)
    worded = [op if isinstance(op, Change) else wording.word(op) for op in found]
    return sorted(worded, key=lambda change: change.order)


def _flat(container: ops.OpContainer) -> Iterator[MigrateOperation]:
    for op in container.ops:
        if isinstance(op, ops.OpContainer):
            yield from _flat(op)
        else:
            yield op


def _titled(op: Any) -> str:
    """Name the table of an operation for people."""
    return str(Place(op.schema, str(op.table_name)))


def _usual_name(op: ops.CreateForeignKeyOp) -> str:
    """Name a foreign key as Postgres does where the models don't."""
    tail = "_fkey"
    start = "_".join([op.source_table, *op.local_cols]).encode()[: _LONGEST_NAME - len(tail)]
    return start.decode(errors="ignore") + tail


class _Wording:
    """Words Alembic's operations; tables in `fresh` are made or dropped in the same revision."""

    def __init__(self, connection: Connection, fresh: set[tuple[str | None, str]]) -> None:
        self._connection = connection
        self._fresh = fresh
        self._preparer = connection.dialect.identifier_preparer
        self._quote = self._preparer.quote

    def word(self, op: MigrateOperation) -> Change:
        """Word one operation."""
        known: dict[type, Callable[..., Change]] = {
            ops.AddColumnOp: self._add_column,
            ops.AlterColumnOp: self._alter_column,
            ops.CreateForeignKeyOp: self._add_foreign_key,
            ops.CreateTableOp: self._create_table,
            ops.DropTableOp: self._drop_table,
            ops.DropColumnOp: self._drop_column,
            ops.CreateIndexOp: self._create_index,
            ops.DropIndexOp: self._drop_index,
            ops.DropConstraintOp: self._drop_constraint,
        }
        return known.get(type(op), self._as_it_is)(op)

    def _create_table(self, op: ops.CreateTableOp) -> Change:
        table = _titled(op)
        detail = f"The database lacks the table {table}."
        op.columns = [*map(without_serial, op.columns), *checks_of_columns(op)]
        return _change("add_table", table, "", detail, op, order=Order.NEW_TABLE)

    def _drop_table(self, op: ops.DropTableOp) -> Change:
        table = _titled(op)
        detail = f"The models lack the table {table}."
        return _change("remove_table", table, "", detail, op, order=Order.OLD_TABLE)

    def _drop_column(self, op: ops.DropColumnOp) -> Change:
        table = _titled(op)
        detail = f"The models lack the column {table}.{op.column_name}."
        # The columns that a computed one is computed of can only go after it.
        order = Order.OLD_COLUMN if op.to_column().computed is None else Order.OLD_COMPUTED
        return _change("remove_column", table, op.column_name, detail, op, order=order)

    def _create_index(self, op: ops.CreateIndexOp) -> Change:
        table = _titled(op)
        detail = f"The database lacks the index {op.index_name} on {table}."
        if place(op) in self._fresh:
            return _change("add_index", table, str(op.index_name), detail, op)
        at = Place(op.schema, op.table_name)
        steps = [cookbook.index(at, str(op.index_name), op)]
        return Change("add_index", table, str(op.index_name), detail, steps)

    def _drop_index(self, op: ops.DropIndexOp) -> Change:
        table = _titled(op)
        detail = f"The models lack the index {op.index_name} on {table}."
        if place(op) in self._fresh:
            return _change("remove_index", table, str(op.index_name), detail, op)
        make = op.reverse()
        make.kw["postgresql_concurrently"] = True
        at = Place(op.schema, str(op.table_name))
        steps = [cookbook.dropped_index(at, str(op.index_name), make)]
        return Change("remove_index", table, str(op.index_name), detail, steps)

    def _drop_constraint(self, op: ops.DropConstraintOp) -> Change:
        name = str(op.constraint_name)
        is_key = op.constraint_type == "foreignkey"
        detail = f"The models lack the {'foreign key' if is_key else 'constraint'} {name}."
        order = Order.OLD_FOREIGN_KEY if is_key else Order.OLD_CONSTRAINT
        kind = "remove_fk" if is_key else "remove_constraint"
        return _change(kind, _titled(op), name, detail, op, order=order)

    def _add_foreign_key(self, op: ops.CreateForeignKeyOp) -> Change:
        op.constraint_name = op.constraint_name or _usual_name(op)
        name = self._preparer.format_constraint(op.to_constraint())
        schema = op.kw.get("source_schema")
        table = str(Place(schema, op.source_table))
        referent = Place(op.kw.get("referent_schema"), op.referent_table)
        detail = f"The database lacks the foreign key {name} to {referent}."
        if (schema, op.source_table) in self._fresh:
            order = Order.NEW_FOREIGN_KEY
            return _change("add_fk", table, str(name), detail, op, order=order)
        order = Order.NEW_FOREIGN_KEY
        steps = cookbook.foreign_key(op)
        return Change("add_fk", table, str(name), detail, steps, order=order, origin=op)

    def _add_column(self, op: ops.AddColumnOp) -> Change:
        table, column, said = op.table_name, op.column, _titled(op)
        detail = f"The database lacks the column {said}.{column.name}."
        if column.nullable or column.server_default is not None:
            return _change("add_column", said, column.name, detail, op)
        nullable = column._copy()  # noqa: SLF001  SQLAlchemy's copy() is gone, Alembic does so, too
        nullable.nullable = True
        add = ops.AddColumnOp.from_column_and_tablename(op.schema, table, nullable)
        alter = ops.AlterColumnOp(
            table,
            column.name,
            schema=op.schema,
            existing_type=column.type,
            modify_nullable=False,
        )
        alter.existing_nullable = True
        remark = Remark(
            f"{said}.{column.name} is NOT NULL and has no server default. First deploy the code "
            "that fills it, then apply this: from here on, what doesn't is refused."
        )
        steps = [
            Step(Phase.CHANGE, [add], [add.reverse()]),
            *required(self._connection, alter, Phase.REQUIRE, remark),
        ]
        return Change("add_column", said, column.name, f"{detail[:-1]}, NOT NULL.", steps)

    def _alter_column(self, op: ops.AlterColumnOp) -> Change:
        titled, column = _titled(op), op.column_name
        op.modify_type, op.existing_type = plain(op.modify_type), plain(op.existing_type)
        said: list[str] = []
        if op.modify_type is not None:
            said.append(f"its type is {op.modify_type!r}, not {op.existing_type!r}")
        if op.modify_server_default is not False:
            said.append("its server default differs")
        if op.modify_comment is not False:
            said.append(f"its comment is {op.modify_comment!r}, not {op.existing_comment!r}")
        if op.modify_nullable is not None:
            said.append("it may be null" if op.modify_nullable else "it may not be null")
        detail = f"The column {titled}.{column} differs in the models: {', '.join(said)}."
        rest = copy(op)
        rest.kw = {}
        values, apart = self._values(op, rest)
        steps: list[Step] = []
        if op.modify_nullable is False:
            rest.modify_nullable = None
            steps += required(self._connection, op, Phase.CHANGE)
        if rest.has_changes():
            steps.append(Step(Phase.CHANGE, [rest], [rest.reverse()]))
        return Change(
            "change_column",
            titled,
            column,
            detail,
            [*values, *steps],
            order=Order.ALTER,
            apart=[*apart, *steps] if apart else (),
            origin=op,
        )

    def _values(
        self, op: ops.AlterColumnOp, rest: ops.AlterColumnOp
    ) -> tuple[list[Step], list[Step]]:
        """Change type and default; `rest` is left with what is done in any case.

        The second list is what to do with the default where the type is made anew.
        """
        old, new = op.existing_server_default, op.modify_server_default
        if isinstance(old, Identity) and isinstance(new, Identity):
            rest.modify_server_default = False
            return [self._renumbering(op, old, new)], []
        if op.modify_type is None or op.existing_type is None:
            if new is False:
                return [], []
            rest.modify_server_default = False
            plain = copy(rest)
            plain.modify_comment, plain.modify_nullable = False, None
            plain.modify_server_default = new
            both = default_steps(self._connection, op, old, new)
            return [Step(Phase.CHANGE, [plain], [plain.reverse()])], both
        rest.modify_type, rest.modify_server_default = None, False
        rest.existing_type = op.modify_type
        old_kind, new_kind = kinds(op, self._connection.dialect)
        return Retyping(self._connection, op, old_kind, new_kind).steps(), []

    def _renumbering(self, op: ops.AlterColumnOp, old: Identity, new: Identity) -> Step:
        """Change an identity, which Alembic would write as if it were a new one."""
        names = [
            name
            for name in ("start", "increment", "minvalue", "maxvalue", "cycle", "cache")
            if getattr(new, name) not in {None, getattr(old, name)}
        ]
        is_other = bool(old.always) != bool(new.always)
        dialect: Any = self._connection.dialect
        compiler = dialect.ddl_compiler(dialect, None)

        def alter(wanted: Identity) -> Execute:
            words = ["SET GENERATED ALWAYS" if wanted.always else "SET GENERATED BY DEFAULT"]
            words = words if is_other else []
            for name in names:
                option: Any = {name: getattr(wanted, name)}
                words.append(f"SET {compiler.get_identity_options(Identity(**option))}")
            action = f"ALTER COLUMN {self._quote(op.column_name)} {' '.join(words)}"
            return self._alter(op.table_name, action, op.schema)

        return Step(Phase.CHANGE, [alter(new)], [alter(old)])

    def _as_it_is(self, op: MigrateOperation) -> Change:
        kind = op.to_diff_tuple()[0]
        table = _titled(op) if hasattr(op, "table_name") else ""
        detail = f"{str(kind).replace('_', ' ').capitalize()} on {table}."
        if isinstance(op, ops.CreateTableCommentOp):
            detail = (
                f"The comment on the table {table} is {op.comment!r} in the models and "
                f"{op.existing_comment!r} in the database."
            )
        return _change(str(kind), table, "", detail, op)

    def _alter(self, table: str, action: str, schema: str | None) -> Execute:
        place = f"{self._quote(schema)}." if schema else ""
        return Execute(f"ALTER TABLE {place}{self._quote(table)} {action}")


def _change(
    kind: str,
    table: str,
    name: str,
    detail: str,
    op: MigrateOperation,
    *,
    order: Order = Order.OTHER,
) -> Change:
    steps = [Step(Phase.CHANGE, [op], [op.reverse()])]
    return Change(kind, table, name, detail, steps, order=order, origin=op)
