"""The SQL of a backfill: identifiers are quoted, `set` and `where` are the developer's own text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:  # definition.py imports this module.
    from collections.abc import Sequence

    from sqlalchemy import TextClause

    from safe_migrations.backfill.definition import Backfill

# Any other style of parameters than psycopg2's: it would double the percent signs.
_quoted = postgresql.dialect(paramstyle="named").identifier_preparer.quote_identifier  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Key:
    """The columns that a table is walked by, with their types as `format_type` writes them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]


def quoted(name: str) -> str:
    """Quote one name."""
    return str(_quoted(name))


def quoted_table(name: str) -> str:
    """Quote the name of a table, each part by itself where its schema is said."""
    return ".".join(map(quoted, name.split(".")))


def whole_update(backfill: Backfill) -> str:
    """Write the one UPDATE that all batches together amount to."""
    condition = f" WHERE {backfill.where}" if backfill.where else ""
    return _set(backfill) + condition


def as_text(sql: str) -> TextClause:
    """Make a statement for SQLAlchemy, which would take a colon for a parameter."""
    return text(sql.replace(":", r"\:"))


def batch_end(backfill: Backfill, key: Key, *, is_first: bool) -> str:
    """Write the query for the last key of the next batch, as text, and its number of rows.

    Parameters: `size`, and `after_0`, `after_1`, ... unless `is_first`.
    """
    columns = [quoted(name) for name in key.columns]
    names = ", ".join(columns)
    after = "" if is_first else f" WHERE {_compare(key, '>', 'after')}"
    texts = ", ".join(f"{column}::text" for column in columns)
    # With the table's name: the bare one would be the text.
    backwards = ", ".join(f"batch.{column} DESC" for column in columns)
    table = escaped(quoted_table(backfill.table))
    # max() knows no composite keys, and no uuid before Postgres 18.
    return (
        f"SELECT count(*) OVER (), {escaped(texts)} FROM ("  # noqa: S608  quoted
        f"SELECT {escaped(names)} FROM {table}{after} ORDER BY {escaped(names)} LIMIT %(size)s"
        f") AS batch ORDER BY {escaped(backwards)} LIMIT 1"
    )


def batch_update(backfill: Backfill, key: Key, *, is_first: bool) -> str:
    """Write the UPDATE of one batch; parameters: `upto_0`, ..., and `after_0`, ... as above."""
    conditions = [] if is_first else [_compare(key, ">", "after")]
    conditions.append(_compare(key, "<=", "upto"))
    if backfill.where:
        conditions.append(f"({escaped(backfill.where)})")
    return f"{escaped(_set(backfill))} WHERE {' AND '.join(conditions)}"


def parameters(name: str, values: Sequence[str]) -> dict[str, str]:
    """Name the values of a key: `after_0`, `after_1`, ..."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def _set(backfill: Backfill) -> str:
    changes = ", ".join(f"{quoted(name)} = {value}" for name, value in backfill.set.items())
    return f"UPDATE {quoted_table(backfill.table)} SET {changes}"  # noqa: S608  quoted names, a revision's values


def _compare(key: Key, operator: str, name: str) -> str:
    columns = escaped(", ".join(quoted(column) for column in key.columns))
    values = ", ".join(
        f"CAST(%({name}_{number})s AS {escaped(kind)})" for number, kind in enumerate(key.types)
    )
    return f"({columns}) {operator} ({values})"


def escaped(text: str) -> str:
    """Double the percent signs, which are psycopg2's own in a statement with parameters."""
    return text.replace("%", "%%")
