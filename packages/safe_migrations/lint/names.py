"""Reads names, types and expressions off the trees of Postgres's parser (libpg_query)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import postgast
from postgast import pg_query_pb2 as pg


def kind_of(node: Any) -> str:
    """Name what a Node holds, such as `alter_table_stmt`."""
    return str(node.WhichOneof("node"))


def content(node: Any) -> Any:
    """Take out what a Node holds."""
    return getattr(node, kind_of(node))


def relation(range_var: Any) -> str:
    """Name a table, view or index: without its schema when that is `public`."""
    return qualified(filter(None, (range_var.schemaname, range_var.relname)))


def qualified(parts: Iterable[str]) -> str:
    """Put a name together, without the schemas that are searched anyway."""
    names = list(parts)
    is_searched = len(names) > 1 and names[0] in {"public", "pg_catalog"}
    return ".".join(names[1:] if is_searched else names)


def strings(nodes: Iterable[Any]) -> list[str]:
    """Read a list of names."""
    return [node.string.sval for node in nodes]


def dotted(node: Any) -> str:
    """Name an object that is given as a list of names, as a type, or with its arguments."""
    if kind_of(node) == "object_with_args":
        return qualified(strings(node.object_with_args.objname))
    if kind_of(node) == "type_name":
        return qualified(strings(node.type_name.names))
    if kind_of(node) == "list":
        return qualified(strings(node.list.items))
    return str(node.string.sval)


@dataclass(frozen=True, slots=True)
class Type:
    """A type as it is declared: the catalog's name, such as `int4` or `varchar`, and modifiers."""

    name: str
    modifiers: tuple[int, ...] = ()
    is_array: bool = False


def type_of(type_name: Any) -> Type:
    """Read a TypeName."""
    modifiers = tuple(node.a_const.ival.ival for node in type_name.typmods)
    return Type(qualified(strings(type_name.names)), modifiers, bool(type_name.array_bounds))


def text_of(expression: Any) -> str:
    """Write an expression as SQL."""
    select = pg.SelectStmt(
        target_list=[pg.Node(res_target=pg.ResTarget(val=expression))],
        limit_option=pg.LIMIT_OPTION_DEFAULT,
        op=pg.SETOP_NONE,
    )
    statement = pg.RawStmt(stmt=pg.Node(select_stmt=select))
    sql: str = postgast.deparse(pg.ParseResult(stmts=[statement]))
    return sql.removeprefix("SELECT ")


def identifier(name: str) -> str:
    """Write a name as SQL, in quotes only where it needs them."""
    column = pg.ColumnRef(fields=[pg.Node(string=pg.String(sval=name))])
    return text_of(pg.Node(column_ref=column))


def type_text(type_name: Any) -> str:
    """Write a TypeName as SQL, by way of a cast."""
    cast = pg.TypeCast(arg=pg.Node(a_const=pg.A_Const(isnull=True)), type_name=type_name)
    return text_of(pg.Node(type_cast=cast)).removeprefix("NULL::")


def sql_of(statement: Any) -> str:
    """Write the Node of a statement as SQL."""
    return str(postgast.deparse(pg.ParseResult(stmts=[pg.RawStmt(stmt=statement)])))


def without_casts(expression: Any) -> Any:
    """Take the casts off the outside of an expression."""
    while kind_of(expression) == "type_cast":
        expression = expression.type_cast.arg
    return expression


def is_null(expression: Any) -> bool:
    """Tell whether an expression is the constant NULL."""
    value = without_casts(expression)
    return kind_of(value) == "a_const" and bool(value.a_const.isnull)


def column_name(expression: Any) -> str | None:
    """Name the column that an expression is; None if it is something else."""
    if kind_of(expression) != "column_ref":
        return None
    last = expression.column_ref.fields[-1]
    return str(last.string.sval) if kind_of(last) == "string" else None


def conjuncts(expression: Any) -> Iterator[Any]:
    """Take a condition apart at its ANDs."""
    if kind_of(expression) == "bool_expr" and expression.bool_expr.boolop == pg.AND_EXPR:
        for argument in expression.bool_expr.args:
            yield from conjuncts(argument)
    else:
        yield expression


def not_null_columns(condition: Any) -> set[str]:
    """Find the columns that can't be NULL where a condition holds, as Postgres proves it.

    Only `IS NOT NULL` counts: a CHECK also holds when it is neither true nor false.
    """
    found = set()
    for part in conjuncts(condition):
        wanted = pg.IS_NOT_NULL
        if kind_of(part) == "bool_expr" and part.bool_expr.boolop == pg.NOT_EXPR:
            part, wanted = part.bool_expr.args[0], pg.IS_NULL  # noqa: PLW2901
        if kind_of(part) == "null_test" and part.null_test.nulltesttype == wanted:
            found.add(column_name(part.null_test.arg))
    return {name for name in found if name}


def find(node: Any, wanted: Any) -> list[Any]:
    """Find the nodes of a class inside another."""
    return list(postgast.find_nodes(node, wanted))


def children(node: Any) -> Iterator[Any]:
    """Go through the messages that a message holds, the wrapping Nodes among them."""
    for field, value in node.ListFields():
        if field.message_type is not None:
            yield from value if isinstance(value, _Repeated) else (value,)


_Repeated = type(pg.SelectStmt().from_clause)


def columns_of(expression: Any) -> tuple[str, ...]:
    """Name the columns that an expression is about, each once."""
    names = (column_name(pg.Node(column_ref=item)) for item in find(expression, pg.ColumnRef))
    return tuple(dict.fromkeys(filter(None, names)))
