"""Keeps the rest of a Catalog up to date: indexes, views, types, functions, and names."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog, Constraint, Function, Index, Table
from safe_migrations.lint.dependents import dependent
from safe_migrations.lint.names import (
    Type,
    columns_of,
    dotted,
    find,
    qualified,
    relation,
    strings,
    type_of,
)

_INPUT = {
    pg.FUNC_PARAM_IN,
    pg.FUNC_PARAM_INOUT,
    pg.FUNC_PARAM_VARIADIC,
    pg.FUNC_PARAM_DEFAULT,
}
_ROUTINES = {pg.OBJECT_FUNCTION, pg.OBJECT_PROCEDURE, pg.OBJECT_ROUTINE}
_ON_TABLES = {pg.OBJECT_POLICY: "policy", pg.OBJECT_RULE: "rule", pg.OBJECT_TRIGGER: "trigger"}


def create_index(catalog: Catalog, statement: Any, _revision: str | None) -> None:
    """Note an index."""
    node = statement.index_stmt
    elements = [item.index_elem for item in node.index_params]
    is_plain = all(item.name for item in elements) and not node.HasField("where_clause")
    keys = [name for item in elements for name in ([item.name] if item.name else columns_of(item))]
    table = relation(node.relation)
    schema = node.relation.schemaname
    default = f"{node.relation.relname}_{'_'.join(keys)}_idx"
    name = qualified(filter(None, (schema, node.idxname or default)))
    catalog.indexes[name] = Index(
        name,
        table,
        tuple(keys) if is_plain else (),
        is_unique=node.unique,
        uses=(*keys, *columns_of(node.where_clause)),
        is_plain=is_plain,
        definition=statement,
    )


def create_view(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note a view, and what it reads."""
    catalog.views.setdefault(relation(statement.view_stmt.view), revision)
    depend(catalog, statement, revision)


def depend(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note what needs columns of tables as they are; it takes the place of one of its name."""
    found = dependent(statement, catalog, revision)
    if found is None:
        return
    for number, known in enumerate(catalog.dependents):
        if (known.kind, known.name, known.table) == (found.kind, found.name, found.table):
            catalog.dependents[number] = replace(found, made_in=known.made_in)
            return
    catalog.dependents.append(found)


def drop(catalog: Catalog, statement: Any, _revision: str | None) -> None:
    """Forget what goes."""
    node = statement.drop_stmt
    for item in node.objects:
        name = dotted(item)
        kind = node.remove_type
        if kind in {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW, pg.OBJECT_FOREIGN_TABLE}:
            _drop_table(catalog, name)
        elif kind == pg.OBJECT_INDEX:
            catalog.indexes.pop(name, None)
        elif kind == pg.OBJECT_VIEW:
            catalog.views.pop(name, None)
            _forget(catalog, name, {"view"})
        elif kind in {pg.OBJECT_DOMAIN, pg.OBJECT_TYPE}:
            catalog.enums.pop(name, None)
            catalog.types.pop(name, None)
        elif kind in _ROUTINES:
            catalog.functions.pop(name, None)
            _forget(catalog, name, {"function"})
        elif kind in _ON_TABLES:
            table, _, bare = name.rpartition(".")
            _forget(catalog, bare, {_ON_TABLES[kind]}, table)


def _drop_table(catalog: Catalog, name: str) -> None:
    catalog.tables.pop(name, None)
    for index in [item for item in catalog.indexes.values() if item.table == name]:
        del catalog.indexes[index.name]
    _forget(catalog, name, {"materialized view"})
    catalog.dependents = [item for item in catalog.dependents if name not in item.uses]


def _forget(catalog: Catalog, name: str, kinds: set[str], table: str | None = None) -> None:
    catalog.dependents = [
        item
        for item in catalog.dependents
        if item.kind not in kinds or item.name != name or (table and item.table != table)
    ]


def rename(catalog: Catalog, statement: Any, _revision: str | None) -> None:
    """Give something its new name."""
    node = statement.rename_stmt
    kind = node.rename_type
    if kind in {pg.OBJECT_TYPE, pg.OBJECT_DOMAIN}:
        _rename_type(catalog, dotted(node.object), _beside(dotted(node.object), node.newname))
    elif kind in _ROUTINES:
        old = dotted(node.object)
        if old in catalog.functions:
            catalog.functions[_beside(old, node.newname)] = catalog.functions.pop(old)
    elif node.HasField("relation"):
        _rename_relation(catalog, node, relation(node.relation))


def _beside(old: str, new: str) -> str:
    """Name what has got a new name in the schema of the old one."""
    return qualified(filter(None, (old.rpartition(".")[0], new)))


def _rename_relation(catalog: Catalog, node: Any, name: str) -> None:
    kind, new, table = node.rename_type, _beside(name, node.newname), catalog.table(name)
    if kind == pg.OBJECT_INDEX and name in catalog.indexes:
        catalog.indexes[new] = replace(catalog.indexes.pop(name), name=new, definition=None)
    elif kind == pg.OBJECT_VIEW and name in catalog.views:
        catalog.views[new] = catalog.views.pop(name)
        _rename_used(catalog, name, new)
    elif table is None:
        return
    elif kind in {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW}:
        _rename_table(catalog, table, new)
    elif kind == pg.OBJECT_COLUMN:
        for part in (table, *(catalog.tables[item] for item in catalog.children(name))):
            _rename_column(catalog, part, node.subname, node.newname)
    elif kind == pg.OBJECT_TABCONSTRAINT and node.subname in table.constraints:
        constraint = table.constraints.pop(node.subname)
        constraint.name = node.newname
        table.constraints[constraint.name] = constraint


def _rename_table(catalog: Catalog, table: Table, new: str) -> None:
    old, table.name = table.name, new
    catalog.tables[new] = catalog.tables.pop(old)
    for index in catalog.indexes.values():
        if index.table == old:
            index.table, index.definition = new, None
    for other in catalog.tables.values():
        if other.parent == old:
            other.parent = new
        for constraint in other.constraints.values():
            if constraint.parent == old:
                constraint.parent = new
    _rename_used(catalog, old, new)


def _rename_used(catalog: Catalog, old: str, new: str) -> None:
    for item in catalog.dependents:
        if item.table == old:
            item.table = new
        if item.kind in {"view", "materialized view"} and item.name == old:
            item.name = new
        if old in item.uses:
            item.uses[new] = item.uses.pop(old)
            item.tree = None  # It has the old name.


def _rename_column(catalog: Catalog, table: Table, old: str, new: str) -> None:
    if old not in table.columns:
        return
    column = table.columns.pop(old)
    column.name = new
    table.columns[new] = column
    for other in table.columns.values():
        other.generated_from = _renamed(other.generated_from, old, new)
    for constraint in table.constraints.values():
        constraint.columns = _renamed(constraint.columns, old, new)
        constraint.uses = _renamed(constraint.uses, old, new)
        _rename_in_condition(constraint, old, new)
    for index in catalog.indexes.values():
        if index.table == table.name and old in index.uses:
            index.columns = _renamed(index.columns, old, new)
            index.uses = _renamed(index.uses, old, new)
            index.definition = None
    for key in (key for other in catalog.tables.values() for key in other.constraints.values()):
        if key.parent == table.name:
            key.parent_columns = _renamed(key.parent_columns, old, new)
    for item in catalog.dependents_on(table.name, old):
        item.uses[table.name] = item.uses[table.name] - {old} | {new}
        item.tree = None


def _renamed(names: Iterable[str], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in names)


def _rename_in_condition(constraint: Constraint, old: str, new: str) -> None:
    if constraint.condition is None:
        return
    condition = pg.Node()
    condition.CopyFrom(constraint.condition)
    for item in find(condition, pg.ColumnRef):
        if item.fields[-1].string.sval == old:
            item.fields[-1].string.sval = new
    constraint.condition = condition


def set_schema(catalog: Catalog, statement: Any, _revision: str | None) -> None:
    """Move something to another schema."""
    node = statement.alter_object_schema_stmt
    if node.object_type in {pg.OBJECT_TYPE, pg.OBJECT_DOMAIN}:
        _rename_type(catalog, dotted(node.object), qualified((node.newschema, _bare(node.object))))
        return
    table = catalog.table(relation(node.relation))
    if table is not None:
        _rename_table(catalog, table, qualified((node.newschema, node.relation.relname)))


def _bare(node: Any) -> str:
    return dotted(node).rpartition(".")[2]


def _rename_type(catalog: Catalog, old: str, new: str) -> None:
    for known in (catalog.enums, catalog.types):
        if old in known:
            known[new] = known.pop(old)
    if old in catalog.domains:
        catalog.domains.remove(old)
        catalog.domains.add(new)
    if old in catalog.bases:
        catalog.bases[new] = catalog.bases.pop(old)
    for table in catalog.of_type(old):
        for column in table.columns.values():
            if column.type.name == old:
                column.type = Type(new, (), column.type.is_array)


def create_enum(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note an enum."""
    catalog.enums[qualified(strings(statement.create_enum_stmt.type_name))] = revision


def create_type(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note a composite type."""
    catalog.types[relation(statement.composite_type_stmt.typevar)] = revision


def create_domain(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note a domain."""
    node = statement.create_domain_stmt
    kinds = {item.constraint.contype for item in node.constraints}
    name, base = qualified(strings(node.domainname)), type_of(node.type_name)
    catalog.types[name] = revision
    catalog.bases[name] = base
    if base.name in catalog.domains or kinds & {pg.CONSTR_CHECK, pg.CONSTR_NOTNULL}:
        catalog.domains.add(name)


def create_function(catalog: Catalog, statement: Any, revision: str | None) -> None:
    """Note a function; it takes the place of one with the same arguments."""
    node = statement.create_function_stmt
    options = {item.def_elem.defname: item.def_elem.arg for item in node.options}
    volatility = options["volatility"].string.sval if "volatility" in options else "volatile"
    text = strings(options["as"].list.items) if "as" in options else []
    name = qualified(strings(node.funcname))
    found = Function(
        name,
        tuple(
            type_of(item.function_parameter.arg_type)
            for item in node.parameters
            if item.function_parameter.mode in _INPUT
        ),
        options["language"].string.sval.lower() if "language" in options else "sql",
        is_volatile=volatility == "volatile",
        body=text[0] if len(text) == 1 else None,
        tree=statement,
        is_trigger=type_of(node.return_type).name in {"trigger", "event_trigger"},
        made_in=revision,
    )
    known = catalog.functions.setdefault(name, [])
    before = next((item for item in known if item.arguments == found.arguments), None)
    if before is not None:
        known.remove(before)
        found = replace(found, made_in=before.made_in)
    known.append(found)
    depend(catalog, statement, revision)
