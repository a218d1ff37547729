"""Rules on constraints, which can be added without reading the table under a strong lock."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import column_default, is_enforcing
from safe_migrations.lint.effects import is_domain_checked
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.locks import Lock
from safe_migrations.lint.names import columns_of, qualified, relation, strings, text_of
from safe_migrations.lint.replay import constrained_columns, constraint_name, definition

_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}


def _added(situation: Situation) -> Iterator[tuple[str, Any, tuple[str, ...], Any]]:
    """Go through all constraints that a statement adds, also those that ride on a new column.

    Each comes as table, constraint, its columns, and the new column or None.
    """
    for table, command in situation.commands(pg.AT_AddConstraint):
        constraint = definition(command)
        yield table, constraint, constrained_columns(constraint), None
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        for item in column.constraints:
            yield table, item.constraint, (column.colname,), column


def foreign_key_validates(situation: Situation) -> Iterator[Problem]:
    """Find foreign keys that read all rows when they are added."""
    for table, constraint, columns, column in _added(situation):
        if constraint.contype != pg.CONSTR_FOREIGN or _is_unchecked(constraint):
            continue
        if column is not None and column_default(column) is None:
            continue  # Postgres knows that no row has a value.
        parent = relation(constraint.pktable)
        name = constraint_name(table, constraint, columns, _taken(situation, table))
        yield Problem(
            "foreign-key-validates",
            f"Postgres reads all rows of {table} while it holds SHARE ROW EXCLUSIVE on {table} and "
            f"{parent}: writes to both wait.",
            _before(situation, table, constraint, column)
            + fixes.then(
                _create_foreign_key(name, table, parent, columns, constraint)
                if _is_plain_key(constraint)
                else _not_valid(name, table, columns, constraint),
                fixes.validate(table, name),
            ),
        )


def _taken(situation: Situation, table: str) -> set[str]:
    """Name what Postgres gives no constraint of a table as its name, as it is there already."""
    found = situation.catalog.table(table)
    dropped = {
        command.name for _, command in situation.commands(pg.AT_DropConstraint) if command.name
    }
    names = {*(found.constraints if found else ()), *situation.catalog.indexes}
    return names - dropped


def _is_unchecked(constraint: Any) -> bool:
    return bool(constraint.skip_validation) or not constraint.is_enforced


def _before(situation: Situation, table: str, constraint: Any, column: Any) -> str:
    """Write what else the line does that the constraint needs; else nothing.

    That is its new column, added without it, or that the constraint of its name is dropped.
    """
    if column is None:
        columns = constrained_columns(constraint) or columns_of(constraint.raw_expr)
        return fixes.needed(situation, table, columns, constraint.conname)
    bare = pg.ColumnDef()
    bare.CopyFrom(column)
    del bare.constraints[:]
    bare.constraints.extend(item for item in column.constraints if item.constraint != constraint)
    return fixes.add_column(table, bare) + "\n"


def _is_plain_key(constraint: Any) -> bool:
    return bool(constraint.pk_attrs) and not (
        constraint.deferrable or constraint.fk_del_set_cols or constraint.fk_matchtype == "f"
    )


def _not_valid(name: str, table: str, columns: tuple[str, ...], constraint: Any) -> str:
    """Write a constraint of a tree with all its options, but NOT VALID."""
    copy = pg.Constraint()
    copy.CopyFrom(constraint)
    copy.conname = name
    copy.skip_validation = True
    if constraint.contype == pg.CONSTR_FOREIGN and not constraint.fk_attrs:
        copy.fk_attrs.extend(pg.Node(string=pg.String(sval=item)) for item in columns)
    return fixes.alter_table(table, pg.AT_AddConstraint, pg.Node(constraint=copy))


def _create_foreign_key(
    name: str, table: str, parent: str, columns: tuple[str, ...], constraint: Any
) -> str:
    schema, _, bare = table.rpartition(".")
    parent_schema, _, parent_bare = parent.rpartition(".")
    options = ""
    if schema:
        options += f", source_schema={fixes.quoted(schema)}"
    if parent_schema:
        options += f", referent_schema={fixes.quoted(parent_schema)}"
    for option, action in (
        ("ondelete", constraint.fk_del_action),
        ("onupdate", constraint.fk_upd_action),
    ):
        if action in _ACTIONS:
            options += f", {option}={fixes.quoted(_ACTIONS[action])}"
    keys = strings(constraint.pk_attrs)
    return (
        f"op.create_foreign_key(op.f({fixes.quoted(name)}), {fixes.quoted(bare)}, "
        f"{fixes.quoted(parent_bare)}, {fixes.columns(columns)}, {fixes.columns(keys)}{options}, "
        "postgresql_not_valid=True)"
    )


def check_validates(situation: Situation) -> Iterator[Problem]:
    """Find CHECKs that read all rows when they are added."""
    for table, constraint, columns, column in _added(situation):
        if constraint.contype != pg.CONSTR_CHECK or _is_unchecked(constraint):
            continue
        name = constraint_name(table, constraint, columns, _taken(situation, table))
        bare, schema = fixes.arguments(table)
        condition = fixes.text(text_of(constraint.raw_expr))
        yield Problem(
            "check-validates",
            f"Postgres reads all rows of {table} under ACCESS EXCLUSIVE: all reads and writes "
            "wait.",
            _before(situation, table, constraint, column)
            + fixes.then(
                _not_valid(name, table, columns, constraint)
                if constraint.is_no_inherit
                else f"op.create_check_constraint(op.f({fixes.quoted(name)}), {bare}, {condition}"
                f"{schema}, postgresql_not_valid=True)",
                fixes.validate(table, name),
            ),
        )


def constraint_enforced(situation: Situation) -> Iterator[Problem]:
    """Find foreign keys that begin to be enforced, for which all rows are read."""
    for table, command in situation.commands(pg.AT_AlterConstraint):
        if not is_enforcing(command):
            continue
        found = situation.catalog.table(table)
        name = definition(command).conname
        known = found.constraints.get(name) if found else None
        bare, schema = fixes.arguments(table)
        parent = known.parent if known and known.parent else "PARENT"
        keys = situation.catalog.unique_keys(parent) or [("id",)]
        create = (
            f"op.create_foreign_key(op.f({fixes.quoted(name)}), {bare}, {fixes.quoted(parent)}, "
            f"{fixes.columns(known.columns if known else ())}, {fixes.columns(keys[0])}, "
            "postgresql_not_valid=True)"
        )
        yield Problem(
            "foreign-key-validates",
            f"Postgres reads all rows of {table} while it holds SHARE ROW EXCLUSIVE on {table} and "
            f"{parent}: writes to both wait.",
            fixes.then(
                f"op.drop_constraint(op.f({fixes.quoted(name)}), {bare}{schema})\n{create}",
                fixes.validate(table, name),
            ),
        )


def domain_checks(situation: Situation) -> Iterator[Problem]:
    """Find constraints of domains that read all tables with a column of the domain."""
    node = situation.node
    if situation.kind != "alter_domain_stmt" or not is_domain_checked(node):
        return
    tables = sorted(item.table for item in situation.effects if situation.is_in_use(item.table))
    if not tables:
        return
    domain = qualified(strings(node.type_name))
    condition = "VALUE IS NOT NULL"
    name = f"{domain}_check"
    if node.subtype == "C":
        constraint = definition(node)
        condition, name = text_of(constraint.raw_expr), constraint.conname or name
    add = f"ALTER DOMAIN {fixes.name(domain)} ADD CONSTRAINT {fixes.name(name)}"
    yield Problem(
        "check-validates",
        f"Postgres reads all rows of {', '.join(tables)} under SHARE: writes wait.",
        # VALIDATE CONSTRAINT of a domain holds SHARE, too.
        "# leave it NOT VALID, so that it holds for new values only"
        if node.subtype == "V"
        else f"{fixes.execute(f'{add} CHECK ({condition}) NOT VALID')}\n"
        "# and leave it so; for the old rows a CHECK on each table, NOT VALID, then VALIDATE",
    )


def unique_builds_index(situation: Situation) -> Iterator[Problem]:
    """Find unique constraints that build their index under the lock."""
    yield from _builds(situation, pg.CONSTR_UNIQUE, "unique-builds-index", "UNIQUE")


def primary_key_builds_index(situation: Situation) -> Iterator[Problem]:
    """Find primary keys that build their index under the lock."""
    yield from _builds(situation, pg.CONSTR_PRIMARY, "primary-key-builds-index", "PRIMARY KEY")


def _builds(situation: Situation, kind: int, rule: str, sql: str) -> Iterator[Problem]:
    for table, constraint, columns, column in _added(situation):
        if constraint.contype == kind and not constraint.indexname:
            name = constraint_name(table, constraint, columns, _taken(situation, table))
            found = situation.catalog.table(table)
            is_replaced = found is not None and name in found.constraints
            index = f"{name}_new" if is_replaced else name
            drop = f"DROP CONSTRAINT {fixes.name(name)}, " if is_replaced else ""
            attach = (
                f"ALTER TABLE {fixes.name(table)} {drop}ADD CONSTRAINT {fixes.name(name)} "
                f"{sql} USING INDEX {fixes.name(index)}{_deferrable(constraint)}"
            )
            yield Problem(
                rule,
                f"Postgres builds the index of {table} under ACCESS EXCLUSIVE: all reads and "
                "writes wait; a concurrent build hinders neither.",
                ("" if is_replaced else _before(situation, table, constraint, column))
                + fixes.create_index(
                    index, table, columns, unique=True, options=_index_options(constraint)
                )
                + "\n"
                + fixes.execute(attach),
            )


def _index_options(constraint: Any) -> str:
    options = ""
    if constraint.including:
        options += f", postgresql_include={fixes.columns(strings(constraint.including))}"
    if constraint.nulls_not_distinct:
        options += ", postgresql_nulls_not_distinct=True"
    return options


def _deferrable(constraint: Any) -> str:
    if not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initdeferred else " DEFERRABLE"


def exclude_builds_index(situation: Situation) -> Iterator[Problem]:
    """Find exclusion constraints on tables in use."""
    for table, constraint, _, _ in _added(situation):
        if constraint.contype == pg.CONSTR_EXCLUSION:
            yield Problem(
                "exclude-builds-index",
                f"Postgres builds the index of {table} under ACCESS EXCLUSIVE, and knows no "
                "concurrent way for EXCLUDE.",
                f"# put it on a new table that takes over from {table}, or, in a quiet hour:\n"
                + fixes.allow("exclude-builds-index", f"{table} is small: N rows on DATE"),
            )


def validate_in_same_transaction(situation: Situation) -> Iterator[Problem]:
    """Find validations under a strong lock that the transaction took before."""
    for table, command in situation.commands(pg.AT_ValidateConstraint):
        held = [
            effect.lock
            for past in situation.earlier
            for effect in past.effects
            if effect.table == table
        ]
        held += [
            effect.lock
            for effect in situation.effects
            if effect.table == table and effect.lock > Lock.SHARE_UPDATE_EXCLUSIVE
        ]
        if held and max(held) >= Lock.SHARE:
            yield Problem(
                "validate-in-same-transaction",
                f"VALIDATE reads all rows of {table} while this transaction still holds "
                f"{max(held)} from an earlier statement: it spares nothing.",
                fixes.then("# all but the VALIDATE", fixes.validate(table, command.name)),
            )


RULES = (
    foreign_key_validates,
    check_validates,
    constraint_enforced,
    domain_checks,
    unique_builds_index,
    primary_key_builds_index,
    exclude_builds_index,
    validate_in_same_transaction,
)
