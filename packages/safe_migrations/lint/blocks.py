"""Looks into DO blocks and called functions, as far as their SQL can be read without running it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import postgast
from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog, Function
from safe_migrations.lint.names import children, content, find, kind_of, qualified, sql_of, strings
from safe_migrations.statements import Statement, parsed

_BLOCK = "a DO block"
_CALLING = {"call_stmt", "select_stmt"}
_READABLE = {"plpgsql", "sql"}
_UNREAD = {"c", "internal"}
"""Languages of Postgres's own functions and those of extensions, which are taken to be harmless."""


def opened(
    statement: Statement, catalog: Catalog, inside: frozenset[str] = frozenset()
) -> Iterator[Statement]:
    """Yield the statements inside a DO block, or behind a call, in their order.

    Any other statement is yielded as it is, and so is the call itself. `inside` are the functions
    that are being looked into.
    """
    kind = kind_of(statement.tree) if statement.tree is not None else ""
    if kind == "do_stmt":
        for part in _block(statement):
            yield from _called(part, catalog, inside)
    else:
        yield from _called(statement, catalog, inside)


def _called(statement: Statement, catalog: Catalog, inside: frozenset[str]) -> Iterator[Statement]:
    yield statement
    if statement.tree is None or kind_of(statement.tree) not in _CALLING:
        return
    for call in find(statement.tree, pg.FuncCall):
        name = qualified(strings(call.funcname))
        for function in catalog.functions.get(name, ()) if name not in inside else ():
            if function.is_volatile and len(call.args) <= len(function.arguments):
                for part in _body(statement, function):
                    yield from opened(part, catalog, inside | {name})


def _block(statement: Statement) -> Iterator[Statement]:
    language = [
        item.def_elem.arg.string.sval
        for item in statement.tree.do_stmt.args
        if item.def_elem.defname == "language"
    ]
    if language not in ([], ["plpgsql"]):
        yield replace(statement, tree=None, problem=f"its block is in {language[0]}")
        return
    yield from _plpgsql(statement, statement.sql, _BLOCK)


def _body(statement: Statement, function: Function) -> Iterator[Statement]:
    """Yield the statements of a function, in which its parameters stand for constants."""
    node = function.tree.create_function_stmt
    if function.language in _UNREAD:
        return
    if function.language not in _READABLE:
        problem = f"the function {function.name} is in {function.language}"
        yield replace(statement, tree=None, problem=problem)
        return
    if function.language == "plpgsql":
        parts = _plpgsql(statement, sql_of(function.tree), f"the function {function.name}")
    elif function.body is not None:
        parts = _parsed(statement, function.body)
    else:
        parts = _atomic(statement, node.sql_body)
    names = {item.function_parameter.name for item in node.parameters} - {""}
    for part in parts:
        yield part if part.tree is None else _with_constants(part, names)


def _with_constants(statement: Statement, names: set[str]) -> Statement:
    """Put parameters, which have one value in a call, in the place of what looks like columns."""
    tree = pg.Node()
    tree.CopyFrom(statement.tree)
    left = [tree]
    for node in left:
        if isinstance(node, pg.Node) and kind_of(node) == "column_ref":
            if _last(node.column_ref) in names:
                node.param_ref.number = 1
        else:
            left += children(node)
    return replace(statement, tree=tree)


def _last(reference: Any) -> str | None:
    field = reference.fields[-1]
    return field.string.sval if kind_of(field) == "string" else None


def _plpgsql(statement: Statement, source: str, where: str) -> Iterator[Statement]:
    try:
        block = postgast.parse_plpgsql(source)
    except postgast.PgQueryError as error:
        yield replace(statement, tree=None, problem=str(error))
        return
    for sql in _texts(block):
        if sql is None:
            dynamic = f"{where} puts together SQL that is only known when it runs"
            yield replace(statement, tree=None, problem=dynamic)
            continue
        yield from _parsed(statement, sql)


def _parsed(statement: Statement, sql: str) -> Iterator[Statement]:
    for part, tree, problem in parsed(sql):
        yield replace(statement, sql=part, tree=tree, problem=problem)


def _atomic(statement: Statement, body: Any) -> Iterator[Statement]:
    items = content(body).items if kind_of(body) == "list" else [body]
    for item in items:
        if kind_of(item) == "list":
            yield from _atomic(statement, item)
        else:
            yield replace(statement, sql=sql_of(item), tree=item, problem=None)


def _texts(node: Any) -> Iterator[str | None]:
    """Find the SQL in PL/pgSQL's tree; None stands for what can't be known."""
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "PLpgSQL_stmt_execsql":
                yield value["sqlstmt"]["PLpgSQL_expr"]["query"]
            elif key in {"PLpgSQL_stmt_perform", "PLpgSQL_stmt_call"}:
                yield value["expr"]["PLpgSQL_expr"]["query"]
            elif key == "PLpgSQL_stmt_dynexecute":
                yield _constant(value["query"]["PLpgSQL_expr"]["query"])
            elif key == "PLpgSQL_stmt_dynfors":
                yield None
                yield from _texts(value.get("body"))
            else:
                yield from _texts(value)


def _constant(expression: str) -> str | None:
    _, tree, _ = next(parsed(f"SELECT {expression}"))
    if tree is None:
        return None
    value = tree.select_stmt.target_list[0].res_target.val
    if kind_of(value) == "a_const" and value.a_const.HasField("sval"):
        return str(value.a_const.sval.sval)
    return None
