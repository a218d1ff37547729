"""Whether a table's validated CHECKs prove that all its rows belong into a partition.

Facts: PostgreSQL 18, ALTER TABLE, "ATTACH PARTITION".
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog, Table
from safe_migrations.lint.locks import Effect, Lock
from safe_migrations.lint.names import (
    column_name,
    columns_of,
    conjuncts,
    kind_of,
    relation,
    text_of,
    without_casts,
)

Value = datetime | Decimal | str
Fact = tuple[str, str, Value]
"""A column, an operator and a constant."""


def is_proved(catalog: Catalog, parent: str, part: Any) -> bool:
    """Tell whether ATTACH PARTITION need not read the table that it attaches."""
    table, whole = catalog.table(relation(part.name)), catalog.table(parent)
    if table is None or whole is None or len(whole.partition_key) != 1:
        return False
    key = whole.partition_key[0]
    wanted = _wanted(key, part.bound)
    facts = _facts(table)
    return (
        bool(wanted)
        and table.is_proved_not_null(key)
        and all(any(_implies(fact, item) for fact in facts) for item in wanted)
    ) or (
        part.bound.strategy == "l"
        and table.is_proved_not_null(key)
        and any(values <= _values(part.bound.listdatums) for values in _lists(table, key))
    )


def _values(nodes: Iterable[Any]) -> set[Value | None]:
    return {_value(node) for node in nodes}


def _lists(table: Table, key: str) -> Iterator[set[Value | None]]:
    """Go through the sets of constants that validated CHECKs allow for a column."""
    for part in _conditions(table):
        if kind_of(part) != "a_expr" or column_name(without_casts(part.a_expr.lexpr)) != key:
            continue
        expression = part.a_expr
        right = without_casts(expression.rexpr)
        if [item.string.sval for item in expression.name] != ["="]:
            continue
        if expression.kind == pg.AEXPR_IN:
            found = _values(right.list.items)
        elif expression.kind == pg.AEXPR_OP_ANY and kind_of(right) == "a_array_expr":
            found = _values(right.a_array_expr.elements)
        else:
            found = _values([right])
        if None not in found:
            yield found


def scanned_default(catalog: Catalog, parent: str) -> Table | None:
    """Find the default partition, if it is read when the table gets another one.

    A CHECK on the key is taken for one that keeps the new partition's rows out of it.
    """
    whole, default = catalog.table(parent), catalog.default_partition(parent)
    if whole is None or default is None:
        return None
    key = set(whole.partition_key)
    is_kept = any(
        item.kind == "check" and item.is_valid and key & set(columns_of(item.condition))
        for item in default.constraints.values()
    )
    return None if is_kept else default


def default_effects(catalog: Catalog, parent: str, *, grows: bool = False) -> Iterator[Effect]:
    """Find what the default partition has to bear when its table gets or loses another one."""
    default = catalog.default_partition(parent)
    if default:
        scans = grows and scanned_default(catalog, parent) is not None
        yield Effect(default.name, Lock.ACCESS_EXCLUSIVE, scans=scans, is_target=False)


def _wanted(key: str, bound: Any) -> list[Fact]:
    if bound.strategy == "r":
        pairs = ((">=", bound.lowerdatums), ("<", bound.upperdatums))
        return [
            (key, operator, value)
            for operator, datums in pairs
            for datum in datums
            if (value := _value(datum)) is not None
        ]
    if bound.strategy == "l" and len(bound.listdatums) == 1:
        value = _value(bound.listdatums[0])
        return [] if value is None else [(key, "=", value)]
    return []


def _facts(table: Table) -> list[Fact]:
    return [fact for part in _conditions(table) if (fact := comparison(part))]


def _conditions(table: Table) -> Iterator[Any]:
    for constraint in table.constraints.values():
        if constraint.kind == "check" and constraint.is_valid and constraint.condition is not None:
            yield from conjuncts(constraint.condition)


def comparison(part: Any) -> Fact | None:
    """Read `column operator constant`; None for any other condition."""
    if kind_of(part) != "a_expr" or part.a_expr.kind != pg.AEXPR_OP:
        return None
    column, value = column_name(without_casts(part.a_expr.lexpr)), _value(part.a_expr.rexpr)
    if column is None or value is None:
        return None
    return column, part.a_expr.name[-1].string.sval, value


def _value(node: Any) -> Value | None:
    node = without_casts(node)
    if kind_of(node) != "a_const":
        return None
    constant = node.a_const
    if constant.WhichOneof("val") != "sval":
        try:
            return Decimal(text_of(node))
        except InvalidOperation:
            return text_of(node)
    text = constant.sval.sval
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return str(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _implies(fact: Fact, wanted: Fact) -> bool:
    column, operator, value = fact
    key, wanted_operator, bound = wanted
    if column != key or type(value) is not type(bound):
        return False
    if wanted_operator == ">=":
        return operator in {">=", ">", "="} and value >= bound  # type: ignore[operator]
    if wanted_operator == "<":
        if operator == "<":
            return value <= bound  # type: ignore[operator]
        return operator in {"<=", "="} and value < bound  # type: ignore[operator]
    return operator == "=" and value == bound
