"""What a query finds, as far as its text tells: columns, and whether there is a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from safe_migrations.lint.names import content, kind_of, relation
from safe_migrations.statements import parsed

_OF_ALL = {
    *("array_agg", "avg", "bool_and", "bool_or", "count", "json_agg", "jsonb_agg", "max", "min"),
    *("string_agg", "sum"),
}
"""Functions that make one value of all rows."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a query: their columns, and whether there is certainly one."""

    names: tuple[str, ...]
    is_certain: bool


def found_by(sql: str, columns: Callable[[str], Sequence[str]]) -> Found | None:
    """Tell what a statement returns, None when it returns no rows.

    `columns` names those of a table, as `*` stands for them.
    """
    trees = [tree for _, tree, _ in parsed(sql)]
    if not trees or trees[-1] is None:
        return None
    node = content(trees[-1])
    match kind_of(trees[-1]):
        case "select_stmt":
            return _selected(node, columns)
        case "insert_stmt" | "update_stmt" | "delete_stmt" | "merge_stmt" as kind:
            if not node.returning_clause.exprs:
                return None
            names = _names(node.returning_clause.exprs, [], columns, relation(node.relation))
            return Found(names, is_certain=kind == "insert_stmt")
        case "explain_stmt" | "variable_show_stmt" | "execute_stmt":
            return Found(("found",), is_certain=True)
    return None


def _selected(node: Any, columns: Callable[[str], Sequence[str]]) -> Found:
    while node.HasField("larg"):
        node = node.larg
    if node.values_lists:
        width = len(node.values_lists[0].list.items)
        return Found(tuple(f"column{n + 1}" for n in range(width)), is_certain=True)
    is_certain = not (node.from_clause or node.HasField("where_clause")) or _is_of_all(node)
    return Found(_names(node.target_list, node.from_clause, columns), is_certain)


def _is_of_all(node: Any) -> bool:
    if node.group_clause or node.HasField("having_clause"):
        return False
    calls = [item.res_target.val for item in node.target_list]
    return all(
        kind_of(item) == "func_call" and item.func_call.funcname[-1].string.sval in _OF_ALL
        for item in calls
    )


def _names(
    targets: Any, sources: Any, columns: Callable[[str], Sequence[str]], table: str = ""
) -> tuple[str, ...]:
    tables = [relation(item.range_var) for item in sources if kind_of(item) == "range_var"]
    names: list[str] = []
    for item in targets:
        target = item.res_target
        kind = kind_of(target.val)
        if target.name:
            names.append(target.name)
        elif kind == "column_ref" and kind_of(target.val.column_ref.fields[-1]) == "a_star":
            for source in [table] if table else tables:
                names += columns(source)
        elif kind == "column_ref":
            names.append(target.val.column_ref.fields[-1].string.sval)
        elif kind == "func_call":
            names.append(target.val.func_call.funcname[-1].string.sval)
        elif kind == "type_cast" and kind_of(target.val.type_cast.arg) == "column_ref":
            names.append(target.val.type_cast.arg.column_ref.fields[-1].string.sval)
        else:
            names.append({"sub_link": "exists", "coalesce_expr": "coalesce"}.get(kind, "?column?"))
    return tuple(names) or ("?column?",)
