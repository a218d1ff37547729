"""Looks into DO blocks, as far as their SQL can be read without running them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import postgast

from service.schema.lint.names import kind_of
from service.schema.statements import Statement, parsed

_DYNAMIC = "a DO block puts together SQL that is only known when it runs"


def opened(statement: Statement) -> Iterator[Statement]:
    """Yield the statements inside a DO block in their order; any other statement as it is."""
    if statement.tree is None or kind_of(statement.tree) != "do_stmt":
        yield statement
        return
    language = [
        item.def_elem.arg.string.sval
        for item in statement.tree.do_stmt.args
        if item.def_elem.defname == "language"
    ]
    if language not in ([], ["plpgsql"]):
        yield replace(statement, tree=None, problem=f"its block is in {language[0]}")
        return
    try:
        block = postgast.parse_plpgsql(statement.sql)
    except postgast.PgQueryError as error:
        yield replace(statement, tree=None, problem=str(error))
        return
    for sql in _texts(block):
        if sql is None:
            yield replace(statement, tree=None, problem=_DYNAMIC)
            continue
        for part, tree, problem in parsed(sql):
            yield replace(statement, sql=part, tree=tree, problem=problem)


def _texts(node: Any) -> Iterator[str | None]:
    """Find the SQL in PL/pgSQL's tree; None stands for what can't be known."""
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "PLpgSQL_stmt_execsql":
                yield value["sqlstmt"]["PLpgSQL_expr"]["query"]
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
