"""Foreign keys that read all rows when they are added, or begin to be enforced."""

from collections.abc import Iterator
from typing import Any

from alembic.operations.ops import CreateForeignKeyOp
from postgast import pg_query_pb2 as pg
from sqlalchemy.sql.elements import conv

from safe_migrations import cookbook
from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import column_default, is_enforcing
from safe_migrations.lint.constraints import added
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation, strings
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule

_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}


def _not_valid_first(situation: Situation, found: Facts) -> str:
    key = found.added.tree
    table, name = found.table, found.added.name(situation)
    if _is_plain(key):
        on = {"ondelete": key.fk_del_action, "onupdate": key.fk_upd_action}
        actions = {option: _ACTIONS[action] for option, action in on.items() if action in _ACTIONS}
        columns, keys = list(found.added.columns), strings(key.pk_attrs)
        code = _create(name, table, found.parent, columns, keys, **actions)
    else:
        code = fixes.then(found.added.not_valid(name), fixes.validate(table, name))
    return str(found.added.before(situation) + code)


def _create(
    name: str, table: str, parent: str, columns: list[str], keys: list[str], **actions: Any
) -> str:
    source, referent = fixes.place(table), fixes.place(parent)
    schemas = {"source_schema": source.schema, "referent_schema": referent.schema}
    key = CreateForeignKeyOp(
        conv(name), source.name, referent.name, columns, keys, **schemas, **actions
    )
    return fixes.printed(cookbook.foreign_key(key))


def _is_plain(key: Any) -> bool:
    return bool(key.pk_attrs) and not (
        key.deferrable or key.fk_del_set_cols or key.fk_matchtype == "f"
    )


_WHY = (
    "Postgres reads all rows of {table} while it holds SHARE ROW EXCLUSIVE on {table} and "
    "{parent}: writes to both wait."
)


@rule(
    "a foreign key that is verified on all rows under a strong lock",
    why=_WHY,
    cure=_not_valid_first,
)
def foreign_key_validates(situation: Situation) -> Iterator[Facts]:
    """Find foreign keys that are added and validated at once."""
    for item in added(situation, pg.CONSTR_FOREIGN):
        # Of a new column without a default, Postgres knows that no row has a value.
        is_empty = item.column is not None and column_default(item.column) is None
        if not item.is_unchecked and not is_empty:
            yield Facts(table=item.table, parent=relation(item.tree.pktable), added=item)


def _made_again(situation: Situation, found: Facts) -> str:
    known = situation.catalog.table(found.table)
    key = known.constraints.get(found.name) if known else None
    columns = list(key.columns if key else ())
    referred = situation.catalog.unique_keys(found.parent) or [("id",)]
    bare, schema = fixes.arguments(found.table)
    drop = f"op.drop_constraint(op.f({fixes.quoted(found.name)}), {bare}{schema})"
    create = _create(found.name, found.table, found.parent, columns, list(referred[0]))
    return f"{drop}\n{create}"


@foreign_key_validates.also(why=_WHY, cure=_made_again)
def constraint_enforced(situation: Situation) -> Iterator[Facts]:
    """Find foreign keys that begin to be enforced, for which all rows are read."""
    for table, command in situation.commands(pg.AT_AlterConstraint):
        if is_enforcing(command):
            known = situation.catalog.table(table)
            name = definition(command).conname
            key = known.constraints.get(name) if known else None
            parent = key.parent if key and key.parent else "PARENT"
            yield Facts(table=table, parent=parent, name=name)
