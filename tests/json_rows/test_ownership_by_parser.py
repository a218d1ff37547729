"""The verdict on statements that are made up at random, against that of Postgres's own parser."""

import re
from contextlib import suppress

import postgast
from hypothesis import given, settings
from hypothesis import strategies as st
from postgast import pg_query_pb2 as pg

from json_rows import OwnershipError, Statement
from tests.json_rows.shelves import shelves
from tests.json_rows.test_ownership import REFUSED, TAKEN

OWNED = shelves.owned
AS_S = OWNED.replace("shelves.", "s.")

SOURCES = st.sampled_from([
    *("shelves", "shelves AS s", "shelves s", '"shelves" AS s', "ONLY shelves", "public.shelves s"),
    *("pg_class", "pg_class AS shelves", "pg_class AS s", "generate_series(1, 2) AS s"),
    *("(shelves CROSS JOIN pg_class)", "pg_class JOIN shelves ON true", "c", "c AS s"),
    *(f"pg_class LEFT JOIN shelves ON {OWNED}", "LATERAL (SELECT * FROM shelves) AS x"),
    f"(SELECT * FROM shelves WHERE {OWNED}) AS x",
])  # fmt: skip
CONDITIONS = st.sampled_from([
    *(OWNED, AS_S, f"NOT {OWNED}", f"({OWNED})", f"({AS_S} OR true)", f"{OWNED} IS NOT NULL"),
    *("true", "x BETWEEN y AND z", "'a' <> 'FROM shelves'", "a IS DISTINCT FROM b"),
    f"CASE WHEN true AND {OWNED} AND true THEN true END",
    f"EXISTS (SELECT FROM shelves AS s WHERE {AS_S})",
    *("EXISTS (SELECT FROM shelves)", f"/* AND {OWNED} */ true", f"'' = $$ AND {OWNED} AND $$"),
])  # fmt: skip


@st.composite
def selects(draw):
    """Make a SELECT of sources and conditions."""
    sql = "SELECT 1 FROM " + ", ".join(draw(st.lists(SOURCES, min_size=1, max_size=3)))
    if conditions := draw(st.lists(CONDITIONS, max_size=3)):
        joins = draw(st.lists(st.sampled_from([" AND ", " AND ", " OR "]), min_size=2, max_size=2))
        sql += " WHERE " + "".join(
            part for pair in zip(conditions, [*joins, ""], strict=False) for part in pair
        ).removesuffix(" AND ").removesuffix(" OR ")
    return sql


@st.composite
def statements(draw):
    """Make a statement with some of the places in which a SELECT may stand."""
    first, second = draw(selects()), draw(selects())
    return draw(
        st.sampled_from(
            [
                first,
                f"{first} UNION {second}",
                f"({first}) EXCEPT ({second})",
                f"WITH c AS ({first}) {second}",
                f"WITH c AS NOT MATERIALIZED ({first} UNION ALL {second}) SELECT * FROM c",
                f"SELECT ({first}), ARRAY({second})",
                f"UPDATE shelves SET name = 'x' {first.removeprefix('SELECT 1 ')}",
                f"UPDATE shelves AS s SET name = ({second}) WHERE {OWNED}",
                f"DELETE FROM shelves USING {first.removeprefix('SELECT 1 FROM ')}",
                f"INSERT INTO pg_class (relname) {first}",
                f"SELECT 1; {first}",
            ]
        )
    )


def is_safe_by_parser(sql: str) -> bool:
    """Tell whether each place that reads the table has the condition among its ANDs.

    A condition is known by its own text, which a tree of the parser is written as.
    """
    parsed = postgast.parse(re.sub(r"%\(\w+\)s", "$1", sql).replace("%%", "%"))
    return all(_is_kept(node) for node in _queries(parsed))


def _queries(node):
    """Find all queries in a tree."""
    if isinstance(node, pg.SelectStmt | pg.UpdateStmt | pg.DeleteStmt | pg.InsertStmt):
        yield node
    for _, value in node.ListFields():
        values = [value] if hasattr(value, "ListFields") else value
        if not isinstance(values, str | bytes | int | float | bool):
            for each in values:
                if hasattr(each, "ListFields"):
                    yield from _queries(each)


def _ranges(node):
    """Find the tables of a FROM, not those of queries inside of it."""
    kind = node.WhichOneof("node") if isinstance(node, pg.Node) else None
    if kind == "range_var":
        yield node.range_var
    elif kind == "join_expr":
        yield from _ranges(node.join_expr.larg)
        yield from _ranges(node.join_expr.rarg)
    elif kind == "range_table_sample":
        yield from _ranges(node.range_table_sample.relation)


def _is_kept(query) -> bool:
    froms = []
    if isinstance(query, pg.UpdateStmt | pg.SelectStmt):
        froms = list(query.from_clause)
    elif isinstance(query, pg.DeleteStmt):
        froms = list(query.using_clause)
    found = [var for each in froms for var in _ranges(each)]
    if isinstance(query, pg.UpdateStmt | pg.DeleteStmt):
        found.append(query.relation)
    where = query.where_clause if not isinstance(query, pg.InsertStmt) else pg.Node()
    conditions = set(_conjuncts(where))
    return all(
        _condition(var.alias.aliasname or var.relname) in conditions
        for var in found
        if var.relname == "shelves"
    )


def _conjuncts(node):
    expression = node.bool_expr
    if node.WhichOneof("node") == "bool_expr" and expression.boolop == pg.AND_EXPR:
        for each in expression.args:
            yield from _conjuncts(each)
    else:
        yield _written(node)


def _written(node) -> str:
    # Without the places in the text, which differ.
    return re.sub(r"\s*\b(?:location|rexpr_list_\w+):\s*\d+", "", str(node))


def _condition(row: str) -> str:
    sql = f"SELECT WHERE {OWNED.replace('shelves.', f'{row}.')}"
    (statement,) = postgast.parse(re.sub(r"%\(\w+\)s", "$1", sql)).stmts
    return _written(statement.stmt.select_stmt.where_clause)


def is_taken(sql: str) -> bool:
    with suppress(OwnershipError):
        return bool(Statement(sql))
    return False


def test_what_is_taken_is_safe_for_the_parser_as_well():
    taken = set()

    @settings(max_examples=1500, deadline=None, derandomize=True, database=None)
    @given(statements())
    def compare(sql):
        if is_taken(sql):
            taken.add(sql)
            assert is_safe_by_parser(sql), sql

    compare()
    assert len(taken) > 50


def test_the_parser_agrees_with_the_examples_that_it_can_judge():
    """Those about new rows and about children by their parents are beyond it."""
    beyond = ("INSERT", "child", "MERGE", "COPY", "TRUNCATE", "LOCK", "CTE of", "mark", "TABLE")
    refused = [name for name in REFUSED if not any(word in name for word in beyond)]
    taken = [name for name in TAKEN if not any(word in name for word in beyond)]
    assert len(refused) > 50
    assert [name for name in taken if not is_safe_by_parser(TAKEN[name])] == []
    stricter = [name for name in refused if is_safe_by_parser(REFUSED[name])]
    assert stricter == []
