"""Keeps a Catalog up to date with statements, so that each is judged by the schema it finds."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from postgast import pg_query_pb2 as pg

from service.schema.lint.catalog import Catalog, Column, Constraint, ConstraintKind, Index, Table
from service.schema.lint.names import (
    Type,
    columns_of,
    content,
    dotted,
    kind_of,
    qualified,
    relation,
    strings,
    type_of,
)
from service.schema.lint.naming import object_name

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
    change = _CHANGES.get(kind_of(statement))
    if change is not None:
        change(catalog, content(statement), revision)


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
            table.is_default = node.partbound.is_default
    for element in node.table_elts:
        if kind_of(element) == "column_def":
            _add_column(table, element.column_def)
        elif kind_of(element) == "constraint":
            _add_constraint(catalog, table, element.constraint)
        elif kind_of(element) == "table_like_clause":
            _inherit(catalog, table, relation(element.table_like_clause.relation))


def _create_foreign_table(catalog: Catalog, node: Any, revision: str | None) -> None:
    _create_table(catalog, node.base_stmt, revision)


def _inherit(catalog: Catalog, table: Table, source: str) -> None:
    found = catalog.table(source)
    for column in found.columns.values() if found else ():
        table.columns[column.name] = Column(column.name, column.type, column.is_not_null)


def _create_as(catalog: Catalog, node: Any, revision: str | None) -> None:
    name = relation(node.into.rel)
    is_view = node.objtype == pg.OBJECT_MATVIEW
    catalog.tables.setdefault(name, Table(name, made_in=revision, is_view=is_view))


def _select_into(catalog: Catalog, node: Any, revision: str | None) -> None:
    if node.HasField("into_clause"):
        name = relation(node.into_clause.rel)
        catalog.tables.setdefault(name, Table(name, made_in=revision))


def _add_column(table: Table, node: Any) -> None:
    type_ = type_of(node.type_name)
    column = Column(
        node.colname,
        without_sequence(type_),
        is_not_null=is_serial(type_),
        collation=collation_of(node),
    )
    table.columns[column.name] = column
    for item in node.constraints:
        constraint = item.constraint
        if constraint.contype in {pg.CONSTR_NOTNULL, pg.CONSTR_IDENTITY, pg.CONSTR_PRIMARY}:
            column.is_not_null = True
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
    )
    table.constraints[name] = found
    return found


def _add_constraint(catalog: Catalog, table: Table, node: Any) -> None:
    if node.contype not in _KINDS:
        return
    columns = constrained_columns(node)
    index = catalog.indexes.get(node.indexname)
    if index is not None:
        columns = index.columns
        del catalog.indexes[node.indexname]
    found = _note_constraint(table, node, columns)
    if found.kind == "primary key" or (found.kind == "not null" and found.is_valid):
        _set_not_null(table, columns)


def _set_not_null(table: Table, columns: Iterable[str], *, is_not_null: bool = True) -> None:
    for name in columns:
        if name in table.columns:
            table.columns[name].is_not_null = is_not_null


def _alter_table(catalog: Catalog, node: Any, _revision: str | None) -> None:
    table = catalog.table(relation(node.relation))
    if table is None:
        return
    for item in node.cmds:
        _alter(catalog, table, item.alter_table_cmd)


def _alter(catalog: Catalog, table: Table, command: Any) -> None:
    column = table.columns.get(command.name)
    match command.subtype:
        case pg.AT_AddColumn:
            added = definition(command)
            if not (command.missing_ok and added.colname in table.columns):
                _add_column(table, added)
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


def _drop_column(catalog: Catalog, table: Table, name: str) -> None:
    table.columns.pop(name, None)
    for constraint in [item for item in table.constraints.values() if name in item.columns]:
        del table.constraints[constraint.name]
    for index in [item for item in catalog.indexes.values() if item.table == table.name]:
        if name in index.columns:
            del catalog.indexes[index.name]


def collation_of(column: Any) -> str:
    """Name the collation that a column's definition asks for; empty for the type's own."""
    if not column.HasField("coll_clause"):
        return ""
    name = qualified(strings(column.coll_clause.collname))
    return "" if name == "default" else name


def definition(command: Any) -> Any:
    """Take out what a command of ALTER TABLE defines."""
    return content(getattr(command, "def"))


def _create_index(catalog: Catalog, node: Any, _revision: str | None) -> None:
    elements = [item.index_elem for item in node.index_params]
    is_plain = all(item.name for item in elements) and not node.HasField("where_clause")
    columns = tuple(item.name for item in elements) if is_plain else ()
    table = relation(node.relation)
    schema = node.relation.schemaname
    name = qualified(filter(None, (schema, node.idxname or f"{table}_{'_'.join(columns)}_idx")))
    catalog.indexes[name] = Index(name, table, columns, is_unique=node.unique)


def _drop(catalog: Catalog, node: Any, _revision: str | None) -> None:
    for item in node.objects:
        name = dotted(item)
        if node.remove_type in {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW, pg.OBJECT_FOREIGN_TABLE}:
            catalog.tables.pop(name, None)
            for index in [item for item in catalog.indexes.values() if item.table == name]:
                del catalog.indexes[index.name]
        elif node.remove_type == pg.OBJECT_INDEX:
            catalog.indexes.pop(name, None)
        elif node.remove_type == pg.OBJECT_VIEW:
            catalog.views.pop(name, None)
        elif node.remove_type == pg.OBJECT_TYPE:
            catalog.enums.pop(name, None)


def _rename(catalog: Catalog, node: Any, _revision: str | None) -> None:
    if node.rename_type == pg.OBJECT_TYPE:
        _rename_enum(catalog, dotted(node.object), node.newname)
        return
    name = relation(node.relation)
    table = catalog.table(name)
    schema = name.rpartition(".")[0]
    new = qualified(filter(None, (schema, node.newname)))
    if node.rename_type == pg.OBJECT_INDEX and name in catalog.indexes:
        index = catalog.indexes.pop(name)
        index.name = new
        catalog.indexes[new] = index
    elif node.rename_type == pg.OBJECT_VIEW and name in catalog.views:
        catalog.views[new] = catalog.views.pop(name)
    elif table is None:
        return
    elif node.rename_type in {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW}:
        _rename_table(catalog, table, new)
    elif node.rename_type == pg.OBJECT_COLUMN and node.subname in table.columns:
        column = table.columns.pop(node.subname)
        column.name = node.newname
        table.columns[column.name] = column
    elif node.rename_type == pg.OBJECT_TABCONSTRAINT and node.subname in table.constraints:
        constraint = table.constraints.pop(node.subname)
        constraint.name = node.newname
        table.constraints[constraint.name] = constraint


def _rename_table(catalog: Catalog, table: Table, new: str) -> None:
    old, table.name = table.name, new
    catalog.tables[new] = catalog.tables.pop(old)
    for index in catalog.indexes.values():
        if index.table == old:
            index.table = new
    for other in catalog.tables.values():
        if other.parent == old:
            other.parent = new
        for constraint in other.constraints.values():
            if constraint.parent == old:
                constraint.parent = new


def _set_schema(catalog: Catalog, node: Any, _revision: str | None) -> None:
    table = catalog.table(relation(node.relation))
    if table is not None:
        _rename_table(catalog, table, qualified((node.newschema, node.relation.relname)))


def _rename_enum(catalog: Catalog, old: str, new: str) -> None:
    if old not in catalog.enums:
        return
    catalog.enums[new] = catalog.enums.pop(old)
    for table in catalog.tables.values():
        for column in table.columns.values():
            if column.type.name == old:
                column.type = Type(new, (), column.type.is_array)


def _create_enum(catalog: Catalog, node: Any, revision: str | None) -> None:
    catalog.enums[qualified(strings(node.type_name))] = revision


def _create_view(catalog: Catalog, node: Any, revision: str | None) -> None:
    catalog.views.setdefault(relation(node.view), revision)


def _create_domain(catalog: Catalog, node: Any, _revision: str | None) -> None:
    kinds = {item.constraint.contype for item in node.constraints}
    base = type_of(node.type_name)
    catalog.bases[qualified(strings(node.domainname))] = base
    if base.name in catalog.domains:
        catalog.domains.add(qualified(strings(node.domainname)))
    if kinds & {pg.CONSTR_CHECK, pg.CONSTR_NOTNULL}:
        catalog.domains.add(qualified(strings(node.domainname)))


def _create_function(catalog: Catalog, node: Any, _revision: str | None) -> None:
    volatility = "volatile"
    for option in node.options:
        if option.def_elem.defname == "volatility":
            volatility = option.def_elem.arg.string.sval
    catalog.functions[qualified(strings(node.funcname))] = volatility == "volatile"


_CHANGES: dict[str, Callable[[Catalog, Any, str | None], None]] = {
    "alter_object_schema_stmt": _set_schema,
    "alter_table_stmt": _alter_table,
    "create_domain_stmt": _create_domain,
    "create_enum_stmt": _create_enum,
    "create_foreign_table_stmt": _create_foreign_table,
    "create_function_stmt": _create_function,
    "create_stmt": _create_table,
    "create_table_as_stmt": _create_as,
    "drop_stmt": _drop,
    "index_stmt": _create_index,
    "rename_stmt": _rename,
    "select_stmt": _select_into,
    "view_stmt": _create_view,
}
