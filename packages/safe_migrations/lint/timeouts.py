"""Which statements switch the timeout of locks off, or make it so long that others queue.

Facts: PostgreSQL 18, SET, 9.28.1 "Configuration Settings Functions", and 19.1.1 "Parameter Names
and Values" for the units.
"""

import re
from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.execution.lock_timeout import LONGEST_MS
from safe_migrations.lint.names import find, kind_of, strings, without_casts

_NAME = "lock_timeout"
_UNITS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIME = re.compile(r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def loosened(statement: Any) -> bool:
    """Tell whether a statement takes lock_timeout away, by whatever spelling."""
    return any(not _is_short(value) for value in _values(statement))


def _is_short(value: str | None) -> bool:
    """Tell whether a value, as it is given to SET, lets nobody wait for long; None is unknown."""
    match = _TIME.fullmatch(value or "")
    if not match or (match[2] or "ms") not in _UNITS:
        return False
    return 0 < float(match[1]) * _UNITS[match[2] or "ms"] <= LONGEST_MS


def _values(statement: Any) -> Iterator[str | None]:
    """Go through the values that a statement gives lock_timeout; None for its default, or unknown.

    The default of Postgres is to wait for ever.
    """
    if kind_of(statement) == "discard_stmt" and statement.discard_stmt.target == pg.DISCARD_ALL:
        yield None
    for item in find(statement, pg.VariableSetStmt):
        if item.kind == pg.VAR_RESET_ALL:
            yield None
        elif item.name.lower() == _NAME and item.kind != pg.VAR_SET_CURRENT:
            yield _constant(item.args[0]) if item.args else None
    for call in find(statement, pg.FuncCall):
        if strings(call.funcname)[-1] == "set_config" and len(call.args) > 1:
            name = _constant(call.args[0])
            if name is None or name.lower() == _NAME:
                yield _constant(call.args[1])
    for update in find(statement, pg.UpdateStmt):
        # The view passes what is written to it on to set_config().
        constants = {item.sval.sval for item in find(update.where_clause, pg.A_Const)}
        if update.relation.relname == "pg_settings" and _NAME in constants:
            yield _constant(update.target_list[0].res_target.val)


def _constant(node: Any) -> str | None:
    """Write a constant as text; None for what is not one."""
    node = without_casts(node)
    if kind_of(node) != "a_const":
        return None
    value = node.a_const
    kind = value.WhichOneof("val")
    if value.isnull or kind is None:
        return None
    fields = getattr(value, kind).ListFields()
    return str(fields[0][1]) if fields else "0"
