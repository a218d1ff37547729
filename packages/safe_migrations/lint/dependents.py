"""Which columns views, rules, triggers, policies and functions are about.

Facts: PostgreSQL 18, 5.15 "Dependency Tracking"; bodies that are only text have none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog, Dependent
from safe_migrations.lint.names import (
    children,
    content,
    find,
    kind_of,
    qualified,
    relation,
    strings,
)

_Scope = Mapping[str, str | None]
"""The tables of a query by the names that it gives them; None is what has no catalog entry."""
_WITH_SCOPE = (pg.SelectStmt, pg.UpdateStmt, pg.DeleteStmt, pg.InsertStmt, pg.MergeStmt)


def dependent(  # noqa: PLR0911  one for each kind
    statement: Any, catalog: Catalog, revision: str | None
) -> Dependent | None:
    """Read what a statement makes, if other things must stay as they are for it."""
    node = content(statement)
    match kind_of(statement):
        case "view_stmt":
            uses = _Uses(catalog).of(node.query)
            return Dependent("view", relation(node.view), uses, statement, None, revision)
        case "create_table_as_stmt" if node.objtype == pg.OBJECT_MATVIEW:
            uses, name = _Uses(catalog).of(node.query), relation(node.into.rel)
            return Dependent("materialized view", name, uses, statement, None, revision)
        case "create_policy_stmt":
            table = relation(node.table)
            uses = _Uses(catalog).of(node, {table.rpartition(".")[2]: table})
            return Dependent("policy", node.policy_name, uses, statement, table, revision)
        case "rule_stmt":
            table = relation(node.relation)
            uses = _Uses(catalog).of(node, {"new": table, "old": table})
            return Dependent("rule", node.rulename, uses, statement, table, revision)
        case "create_trig_stmt":
            table = relation(node.relation)
            found = _Uses(catalog).of(node, {"new": table, "old": table})
            columns = found.get(table, frozenset()) | set(strings(node.columns))
            uses = {table: columns}
            return Dependent("trigger", node.trigname, uses, statement, table, revision)
        case "create_function_stmt" if node.HasField("sql_body"):
            uses = _Uses(catalog).of(node.sql_body)
            name = qualified(strings(node.funcname))
            return Dependent("function", name, uses, statement, None, revision)
    return None


class _Uses:
    """Collects the columns of a query, each with the table that its innermost FROM has it from."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found: defaultdict[str, set[str]] = defaultdict(set)
        self._ctes: set[str] = set()

    def of(self, query: Any, scope: _Scope | None = None) -> dict[str, frozenset[str]]:
        self._ctes = {item.ctename for item in find(query, pg.CommonTableExpr)}
        self._walk(query, (scope,) if scope else ())
        return {table: frozenset(columns) for table, columns in self._found.items()}

    def _walk(self, node: Any, scopes: tuple[_Scope, ...]) -> None:
        if isinstance(node, pg.RangeVar):
            name = self._table(node)
            if name is not None:
                self._found[name] |= set()
        elif isinstance(node, pg.ColumnRef):
            self._refer([*node.fields], scopes)
        elif isinstance(node, pg.JoinExpr):
            for name in strings(node.using_clause):
                self._refer_bare(name, scopes)
        elif isinstance(node, _WITH_SCOPE):
            scopes = (dict(self._from(node)), *scopes)
        for child in children(node):
            self._walk(child, scopes)

    def _table(self, range_var: Any) -> str | None:
        is_cte = range_var.relname in self._ctes and not range_var.schemaname
        return None if is_cte else relation(range_var)

    def _from(self, statement: Any) -> Iterator[tuple[str, str | None]]:
        """Go through the tables that a statement's own FROM names, without those of subqueries."""
        if not isinstance(statement, pg.SelectStmt):
            yield self._named(statement.relation)
        sources = [*getattr(statement, "from_clause", ()), *getattr(statement, "using_clause", ())]
        while sources:
            item = content(sources.pop())
            if isinstance(item, pg.JoinExpr):
                sources += [item.larg, item.rarg]
            elif isinstance(item, pg.RangeVar):
                yield self._named(item)
            elif isinstance(item, pg.RangeTableSample):
                sources.append(item.relation)
            elif item.HasField("alias"):
                yield item.alias.aliasname, None

    def _named(self, range_var: Any) -> tuple[str, str | None]:
        return range_var.alias.aliasname or range_var.relname, self._table(range_var)

    def _refer(self, fields: list[Any], scopes: tuple[_Scope, ...]) -> None:
        is_star = kind_of(fields[-1]) == "a_star"
        if len(fields) == 1 and not is_star:
            self._refer_bare(fields[0].string.sval, scopes)
            return
        if len(fields) == 1:
            named = [table for table in scopes[0].values() if table] if scopes else []
        else:
            alias = fields[-2].string.sval
            named = [table for scope in scopes if (table := scope.get(alias))][:1]
        for table in named:
            if is_star:
                known = self._catalog.table(table)
                self._found[table] |= set(known.columns) if known else set()
            else:
                self._found[table].add(fields[-1].string.sval)

    def _refer_bare(self, name: str, scopes: tuple[_Scope, ...]) -> None:
        for scope in scopes:
            having = [
                table for table in scope.values() if table and self._catalog.column(table, name)
            ]
            for table in having:
                self._found[table].add(name)
            if having or not all(map(self._is_known, scope.values())):
                return  # What is not known here may be of a view or a subquery.

    def _is_known(self, table: str | None) -> bool:
        return table is not None and self._catalog.table(table) is not None
