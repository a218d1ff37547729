"""Which UPDATEs and DELETEs change only few rows, and how the others are written in batches."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.names import (
    column_name,
    conjuncts,
    find,
    kind_of,
    text_of,
    without_casts,
)
from safe_migrations.lint.partitions import comparison

_BATCH = 10_000


def is_narrow(catalog: Catalog, table: str, node: Any) -> bool:
    """Tell whether a WHERE leaves only few rows: those of given keys, or of a LIMIT."""
    if isinstance(node, pg.MergeStmt) or not node.HasField("where_clause"):
        return False
    return _leaves_few(node.where_clause, catalog.unique_keys(table))


def _leaves_few(condition: Any, keys: list[tuple[str, ...]]) -> bool:
    pinned: set[str] = set()
    bounds: dict[str, set[str]] = {}
    for part in conjuncts(condition):
        if _is_limited(part) or _is_false(part):
            return True
        if kind_of(part) == "bool_expr" and part.bool_expr.boolop == pg.OR_EXPR:
            if all(_leaves_few(item, keys) for item in part.bool_expr.args):
                return True
            continue
        pinned |= _pinned(part)
        for column, operator in _bounds(part):
            bounds.setdefault(column, set()).add(operator)
    return any(
        set(key) <= pinned or (len(key) == 1 and {"<", ">"} <= bounds.get(key[0], set()))
        for key in keys
        if key
    )


def _is_false(part: Any) -> bool:
    return (
        kind_of(part) == "a_const"
        and part.a_const.HasField("boolval")
        and not part.a_const.boolval.boolval
    )


def _bounds(part: Any) -> Iterator[tuple[str, str]]:
    """List the sides from which a condition bounds a column, each as `<` or `>`."""
    fact = comparison(part)
    if fact:
        yield fact[0], fact[1][0]
    elif kind_of(part) == "a_expr" and part.a_expr.kind == pg.AEXPR_BETWEEN:
        name = column_name(without_casts(part.a_expr.lexpr))
        if name and _is_constant(part.a_expr.rexpr):
            yield name, "<"
            yield name, ">"


def _is_limited(part: Any) -> bool:
    return any(
        link.HasField("subselect") and link.subselect.select_stmt.HasField("limit_count")
        for link in find(part, pg.SubLink)
    )


def _pinned(part: Any) -> set[str]:
    """Name the columns that a condition compares with constants for equality."""
    if kind_of(part) != "a_expr":
        return set()
    expression = part.a_expr
    if expression.kind not in {pg.AEXPR_OP, pg.AEXPR_IN, pg.AEXPR_OP_ANY}:
        return set()
    if [item.string.sval for item in expression.name] != ["="]:
        return set()
    for one, other in (
        (expression.lexpr, expression.rexpr),
        (expression.rexpr, expression.lexpr),
    ):
        row = one.row_expr.args if kind_of(one) == "row_expr" else [one]
        names = {column_name(without_casts(item)) for item in row}
        if all(names) and _is_constant(other):
            return {name for name in names if name}
    return set()


def _is_constant(expression: Any) -> bool:
    return not (find(expression, pg.ColumnRef) or find(expression, pg.SelectStmt))


def in_batches(table: str, node: Any) -> str:
    """Write a change of rows as a Backfill, or in batches of its own."""
    if isinstance(node, pg.MergeStmt) or not _is_of_itself(table, node):
        return _in_batches(table)
    where = text_of(node.where_clause) if node.HasField("where_clause") else ""
    if isinstance(node, pg.UpdateStmt) and not node.from_clause:
        pairs = {item.res_target.name: text_of(item.res_target.val) for item in node.target_list}
        changes = ", ".join(
            f"{fixes.quoted(name)}: {fixes.quoted(value)}" for name, value in pairs.items()
        )
        narrowed = f", where={fixes.quoted(where)}" if where else ""
        name = "_".join((table.replace(".", "_"), *pairs))
        return (
            "from safe_migrations.backfill import Backfill\n"
            f"FILL = Backfill(name={fixes.quoted(name)}, table={fixes.quoted(table)}, "
            f"set={{{changes}}}{narrowed})\n"
            f"# or before the deploy: `flask db backfill run {name}`\nFILL.run(op)"
        )
    if isinstance(node, pg.DeleteStmt) and not node.using_clause:
        name = fixes.name(table)
        some = f"SELECT ctid FROM {name}" + (f" WHERE {where}" if where else "")  # noqa: S608  shown
        batch = f"DELETE FROM {name} WHERE ctid = ANY (ARRAY({some} LIMIT {_BATCH}))"  # noqa: S608  shown
        return fixes.outside_transaction(
            "import sqlalchemy as sa",
            f"delete = sa.text({fixes.text(batch)})",
            f"{fixes.allow('not-analysable', 'deletes in batches')}",
            "while op.get_bind().execute(delete).rowcount:",
            "    pass",
        )
    return _in_batches(table)


def _is_of_itself(table: str, node: Any) -> bool:
    """Tell whether all that a change is made of can be said without its other tables and names."""
    changes = getattr(node, "target_list", ())
    if any(kind_of(item.res_target.val) == "multi_assign_ref" for item in changes):
        return False
    if find(node, pg.CurrentOfExpr) or find(node, pg.ParamRef):
        return False
    others = [item for item in find(node, pg.RangeVar) if item != node.relation]
    known = {item.alias.aliasname or item.relname for item in others}
    if not node.relation.HasField("alias"):
        known.add(table.rpartition(".")[2])
    return all(
        len(item.fields) == 1 or item.fields[0].string.sval in known
        for item in find(node, pg.ColumnRef)
    )


def _in_batches(table: str) -> str:
    return f"# in batches of {_BATCH} rows by the key of {table}, each in a transaction of its own"
