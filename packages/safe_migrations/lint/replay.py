"""Keeps a Catalog up to date with statements, so that each is judged by the schema it finds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import replay_objects as objects
from safe_migrations.lint.catalog import Catalog, Column, Constraint, ConstraintKind, Table
from safe_migrations.lint.names import (
    Type,
    columns_of,
    content,
    find,
    is_null,
    kind_of,
    qualified,
    relation,
    strings,
    type_of,
)
from safe_migrations.lint.naming import object_name

_INHERITED = {
    pg.AT_AddColumn,
    pg.AT_AlterColumnType,
    pg.AT_ColumnDefault,
    pg.AT_DropColumn,
    pg.AT_DropConstraint,
    pg.AT_DropNotNull,
    pg.AT_SetNotNull,
    pg.AT_ValidateConstraint,
}
_ENFORCED = {pg.CONSTR_CHECK, pg.CONSTR_FOREIGN}
_SERIALS = {
    **dict.fromkeys(("smallserial", "serial2"), "int2"),
    **dict.fromkeys(("serial", "serial4"), "int4"),
    **dict.fromkeys(("bigserial", "serial8"), "int8"),
}
_KINDS: dict[int, tuple[ConstraintKind, str]] = {
    pg.CONSTR_CHECK: ("check", "check"),
    pg.CONSTR_FOREIGN: ("foreign key", "fkey"),
    pg.CONSTR_UNIQUE: ("unique", "key"),
    pg.CONSTR_PRIMARY: ("primary key", "pkey"),
    pg.CONSTR_EXCLUSION: ("exclude", "excl"),
    pg.CONSTR_NOTNULL: ("not null", "not_null"),
}


def is_serial(type_: Type) -> bool:
    """Tell whether a type is short for an integer with a sequence as its default."""
    return type_.name in _SERIALS


def without_sequence(type_: Type) -> Type:
    """Name the integer that a serial type is short for; another type is returned as it is."""
    return Type(_SERIALS.get(type_.name, type_.name), type_.modifiers, type_.is_array)


def constraint_name(
    table: str, node: Any, columns: Iterable[str] = (), taken: Collection[str] = ()
) -> str:
    """Name a constraint as Postgres does when the statement leaves that out.

    `taken` are the names that there are.
    """
    if node.conname:
        return str(node.conname)
    base = table.rpartition(".")[2]
    suffix = _KINDS[node.contype][1]
    if node.contype == pg.CONSTR_PRIMARY:
        return object_name(base, "", suffix)
    if node.contype == pg.CONSTR_CHECK:
        used = columns_of(node.raw_expr)
        columns = used if len(used) == 1 else ()
    middle = "_".join(constrained_columns(node) or columns)
    return object_name(base, middle, suffix, taken)


def constrained_columns(node: Any) -> tuple[str, ...]:
    """Name the columns that a constraint of a table lists."""
    return tuple(strings(node.fk_attrs or node.keys))


def apply(catalog: Catalog, statement: Any, revision: str | None = None) -> None:
    """Change the catalog as a statement changes the schema; what it does not know is no error."""
    kind = kind_of(statement)
    if kind in _CHANGES:
        _CHANGES[kind](catalog, content(statement), revision)
    elif kind in _OBJECTS:
        _OBJECTS[kind](catalog, statement, revision)


def _create_table(catalog: Catalog, node: Any, revision: str | None) -> None:
    name = relation(node.relation)
    if node.if_not_exists and name in catalog.tables:
        return
    table = catalog.tables[name] = Table(name, made_in=revision)
    if node.HasField("partspec"):
        table.partition_key = tuple(
            item.partition_elem.name or "" for item in node.partspec.part_params
        )
    for parent in node.inh_relations:
        _inherit(catalog, table, relation(parent.range_var))
        if node.HasField("partbound"):
            table.parent = relation(parent.range_var)
            _inherit_conditions(catalog, table)
            table.is_default = node.partbound.is_default
    for element in node.table_elts:
        if kind_of(element) == "column_def":
            _add_column(table, element.column_def, revision)
        elif kind_of(element) == "constraint":
            _add_constraint(catalog, table, element.constraint)
        elif kind_of(element) == "table_like_clause":
            _inherit(catalog, table, relation(element.table_like_clause.relation))


def _create_foreign_table(catalog: Catalog, node: Any, revision: str | None) -> None:
    _create_table(catalog, node.base_stmt, revision)


def _inherit(catalog: Catalog, table: Table, source: str) -> None:
    found = catalog.table(source)
    for column in found.columns.values() if found else ():
        table.columns[column.name] = replace(column, made_in=table.made_in)


def _inherit_conditions(catalog: Catalog, table: Table) -> None:
    whole = catalog.table(table.parent or "")
    for item in whole.constraints.values() if whole else ():
        if item.kind in {"check", "not null"}:
            table.constraints[item.name] = replace(item)


def _create_as(catalog: Catalog, statement: Any, revision: str | None) -> None:
    node = statement.create_table_as_stmt
    name = relation(node.into.rel)
    is_view = node.objtype == pg.OBJECT_MATVIEW
    catalog.tables.setdefault(name, Table(name, made_in=revision, is_view=is_view))
    objects.depend(catalog, statement, revision)


def _select_into(catalog: Catalog, node: Any, revision: str | None) -> None:
    if node.HasField("into_clause"):
        name = relation(node.into_clause.rel)
        catalog.tables.setdefault(name, Table(name, made_in=revision))


def _add_column(table: Table, node: Any, revision: str | None) -> None:
    type_ = type_of(node.type_name)
    column = Column(
        node.colname,
        without_sequence(type_),
        is_not_null=is_serial(type_),
        collation=collation_of(node),
        made_in=revision,
        has_default=is_serial(type_),
    )
    table.columns[column.name] = column
    for item in node.constraints:
        constraint = item.constraint
        if constraint.contype in {pg.CONSTR_NOTNULL, pg.CONSTR_IDENTITY, pg.CONSTR_PRIMARY}:
            column.is_not_null = True
        if constraint.contype == pg.CONSTR_IDENTITY:
            column.is_identity = True
        elif constraint.contype == pg.CONSTR_DEFAULT:
            column.has_default = not is_null(constraint.raw_expr)
        elif constraint.contype == pg.CONSTR_GENERATED:
            column.generated = "virtual" if constraint.generated_kind == "v" else "stored"
            column.generated_from = columns_of(constraint.raw_expr)
        if constraint.contype in _KINDS:
            _note_constraint(table, constraint, (column.name,))


def _note_constraint(table: Table, node: Any, columns: tuple[str, ...]) -> Constraint:
    name = constraint_name(table.name, node, columns, table.constraints)
    found = Constraint(
        name,
        _KINDS[node.contype][0],
        columns,
        is_valid=not node.skip_validation,
        condition=node.raw_expr if node.contype == pg.CONSTR_CHECK else None,
        parent=relation(node.pktable) if node.contype == pg.CONSTR_FOREIGN else None,
        parent_columns=tuple(strings(node.pk_attrs)),
        is_enforced=node.is_enforced or node.contype not in _ENFORCED,
        uses=(*columns, *columns_of(node), *(item.name for item in find(node, pg.IndexElem))),
        is_plain=not (node.HasField("where_clause") or _has_expression(node.exclusions)),
    )
    table.constraints[name] = found
    return found


def _has_expression(exclusions: Iterable[Any]) -> bool:
    """Tell whether one of the elements of an EXCLUDE is no column."""
    return any(not item.list.items[0].index_elem.name for item in exclusions)


def _add_constraint(catalog: Catalog, table: Table, node: Any) -> None:
    if node.contype not in _KINDS:
        return
    columns = constrained_columns(node)
    schema = table.name.rpartition(".")[0]
    index = catalog.indexes.pop(qualified(filter(None, (schema, node.indexname))), None)
    if index is not None:
        columns = index.columns
    found = _note_constraint(table, node, columns)
    if found.kind == "primary key" or (found.kind == "not null" and found.is_valid):
        _set_not_null(table, columns)


def _set_not_null(table: Table, columns: Iterable[str], *, is_not_null: bool = True) -> None:
    for name in columns:
        if name in table.columns:
            table.columns[name].is_not_null = is_not_null


def _alter_table(catalog: Catalog, node: Any, revision: str | None) -> None:
    name = relation(node.relation)
    if node.objtype == pg.OBJECT_INDEX:
        _attach_index(catalog, name, node)
        return
    table = catalog.table(name)
    if table is None or node.objtype == pg.OBJECT_TYPE:
        return
    for item in node.cmds:
        _alter(catalog, table, item.alter_table_cmd, revision)
        if node.relation.inh and _is_inherited(item.alter_table_cmd):
            for child in catalog.children(name):
                _alter(catalog, catalog.tables[child], item.alter_table_cmd, revision)


def _is_inherited(command: Any) -> bool:
    """Tell whether the partitions get it, too, under the same name."""
    if command.subtype == pg.AT_AddConstraint:
        return definition(command).contype in {pg.CONSTR_CHECK, pg.CONSTR_NOTNULL}
    return command.subtype in _INHERITED


def _attach_index(catalog: Catalog, name: str, node: Any) -> None:
    for item in node.cmds:
        if item.alter_table_cmd.subtype == pg.AT_AttachPartition:
            part = catalog.indexes.get(relation(definition(item.alter_table_cmd).name))
            if part:
                part.parent = name


def _alter(catalog: Catalog, table: Table, command: Any, revision: str | None) -> None:
    column = table.columns.get(command.name)
    match command.subtype:
        case pg.AT_AddColumn:
            added = definition(command)
            if not (command.missing_ok and added.colname in table.columns):
                _add_column(table, added, revision)
        case pg.AT_DropColumn:
            _drop_column(catalog, table, command.name)
        case pg.AT_AttachPartition | pg.AT_DetachPartition:
            part = catalog.table(relation(definition(command).name))
            if part:
                is_attached = command.subtype == pg.AT_AttachPartition
                part.parent = table.name if is_attached else None
                part.is_default = is_attached and definition(command).bound.is_default
        case pg.AT_AddConstraint | pg.AT_DropConstraint | pg.AT_ValidateConstraint:
            _alter_constraint(catalog, table, command)
        case _ if column:
            _alter_column(column, command)


def _alter_constraint(catalog: Catalog, table: Table, command: Any) -> None:
    found = table.constraints.get(command.name)
    if command.subtype == pg.AT_AddConstraint:
        _add_constraint(catalog, table, definition(command))
    elif command.subtype == pg.AT_DropConstraint:
        table.constraints.pop(command.name, None)
        if found and found.kind == "not null":
            _set_not_null(table, found.columns, is_not_null=False)
    elif found:
        found.is_valid = True
        if found.kind == "not null":
            _set_not_null(table, found.columns)


def _alter_column(column: Column, command: Any) -> None:
    if command.subtype == pg.AT_AlterColumnType:
        column.type = type_of(definition(command).type_name)
        column.collation = collation_of(definition(command))
    elif command.subtype == pg.AT_SetNotNull:
        column.is_not_null = True
    elif command.subtype == pg.AT_DropNotNull:
        column.is_not_null = False
    elif command.subtype == pg.AT_ColumnDefault:
        column.has_default = sets_default(command)
    elif command.subtype in {pg.AT_AddIdentity, pg.AT_DropIdentity}:
        column.is_identity = command.subtype == pg.AT_AddIdentity
    elif command.subtype == pg.AT_SetExpression:
        column.generated_from = columns_of(getattr(command, "def"))
    elif command.subtype == pg.AT_DropExpression:
        column.generated, column.generated_from = "", ()


def sets_default(command: Any) -> bool:
    """Tell whether ALTER COLUMN ... DEFAULT leaves the column one other than NULL."""
    return command.HasField("def") and not is_null(getattr(command, "def"))


def _drop_column(catalog: Catalog, table: Table, name: str) -> None:
    table.columns.pop(name, None)
    for constraint in [item for item in table.constraints.values() if name in item.uses]:
        del table.constraints[constraint.name]
    for index in [item for item in catalog.indexes.values() if item.table == table.name]:
        if name in index.uses:
            del catalog.indexes[index.name]
    for gone in catalog.dependents_on(table.name, name):
        catalog.dependents.remove(gone)


def collation_of(column: Any) -> str:
    """Name the collation that a column's definition asks for; empty for the type's own."""
    if not column.HasField("coll_clause"):
        return ""
    name = qualified(strings(column.coll_clause.collname))
    return "" if name == "default" else name


def definition(command: Any) -> Any:
    """Take out what a command of ALTER TABLE defines."""
    return content(getattr(command, "def"))


def _set_variable(catalog: Catalog, node: Any, _revision: str | None) -> None:
    if node.kind == pg.VAR_RESET_ALL:
        catalog.is_utc = False
    elif node.name.lower() == "timezone":
        said = node.args[0].a_const.sval.sval if node.args else ""
        catalog.is_utc = said.lower() in {"utc", "etc/utc", "gmt", "z"}


_CHANGES: dict[str, Callable[[Catalog, Any, str | None], None]] = {
    "alter_table_stmt": _alter_table,
    "create_foreign_table_stmt": _create_foreign_table,
    "create_stmt": _create_table,
    "select_stmt": _select_into,
    "variable_set_stmt": _set_variable,
}
# These get the whole statement.
_OBJECTS: dict[str, Callable[[Catalog, Any, str | None], None]] = {
    "alter_object_schema_stmt": objects.set_schema,
    "composite_type_stmt": objects.create_type,
    "create_domain_stmt": objects.create_domain,
    "create_enum_stmt": objects.create_enum,
    "create_function_stmt": objects.create_function,
    "create_policy_stmt": objects.depend,
    "create_table_as_stmt": _create_as,
    "create_trig_stmt": objects.depend,
    "drop_stmt": objects.drop,
    "index_stmt": objects.create_index,
    "rename_stmt": objects.rename,
    "rule_stmt": objects.depend,
    "view_stmt": objects.create_view,
}
