"""Numbers that become times, or times numbers: what they count is asked for, never guessed."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from alembic.operations import ops
from alembic.operations.ops import UpgradeOps
from sqlalchemy import Dialect

from plain_commands.errors import ConfigurationError

_PER_SECOND = {"s": "1", "ms": "1000.0", "us": "1000000.0"}
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMES = {
    "timestamp with time zone": "{}",
    "timestamp without time zone": "{} AT TIME ZONE 'UTC'",
    "date": "({} AT TIME ZONE 'UTC')::date",
}


def parse(said: Iterable[str]) -> dict[str, str]:
    """Read `users.seen_at:ms`. Raises ConfigurationError for what can't be read."""
    units = {}
    for item in said:
        column, _, unit = item.rpartition(":")
        if unit not in _PER_SECOND or "." not in column:
            message = f"{item!r} has no unit: write table.column:s, :ms or :us."
            raise ConfigurationError(message)
        units[column] = unit
    return units


def settle(
    found: UpgradeOps,
    dialect: Dialect,
    units: Mapping[str, str],
    ask: Callable[[str], bool] | None,
) -> None:
    """Note the unit of each column whose numbers become times, in its operation.

    Raises ConfigurationError when it is not known, and there is nobody to ask.
    """
    for op in _alterations(found):
        old, new = map(_base, kinds(op, dialect))
        if (old in _NUMBERS and new in _TIMES) or (old in _TIMES and new in _NUMBERS):
            place = f"{op.schema}." if op.schema else ""
            column = f"{place}{op.table_name}.{op.column_name}"
            op.kw["unit"] = units.get(column) or _asked(column, ask) or _refuse(column, old, new)


def kinds(op: ops.AlterColumnOp, dialect: Dialect) -> tuple[str, str]:
    """Name the types of a column, the old and the new, as Postgres words them."""
    old, new = op.kw.get("live_type"), op.kw.get("wanted_type")
    assert op.existing_type is not None and op.modify_type is not None  # noqa: S101, PT018  it does
    return (
        old or op.existing_type.compile(dialect).lower(),
        new or op.modify_type.compile(dialect).lower(),
    )


def using(column: str, new: str, unit: str) -> str:
    """Write the expression that turns numbers into times, or times into numbers."""
    per_second = _PER_SECOND[unit]
    if _base(new) in _TIMES:
        seconds = column if unit == "s" else f"{column} / {per_second}"
        return _TIMES[_base(new)].format(f"to_timestamp({seconds})")
    seconds = f"extract(epoch FROM {column})"
    if unit != "s":
        seconds = f"{seconds} * {per_second.removesuffix('.0')}"
    return f"({seconds})::{new}"


def _alterations(container: ops.OpContainer) -> Iterator[ops.AlterColumnOp]:
    for op in container.ops:
        if isinstance(op, ops.OpContainer):
            yield from _alterations(op)
        elif isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
            yield op


def _base(kind: str) -> str:
    """Cut the precision off: `timestamp(3) with time zone`."""
    head, _, tail = kind.partition("(")
    return head + tail.partition(")")[2]


def _asked(column: str, ask: Callable[[str], bool] | None) -> str | None:
    if ask is None:
        return None
    return next(
        (
            unit
            for unit, words in _WORDS.items()
            if ask(f"Does {column} count {words} since 1970, in UTC?")
        ),
        None,
    )


def _refuse(column: str, old: str, new: str) -> str:
    message = (
        f"{column} is {old} and becomes {new}: whether it counts seconds, milliseconds or "
        f"microseconds can't be seen. Pass `--epochs {column}:s`, `:ms` or `:us` (to alembic: "
        f"`-x epochs={column}:s`); where it counts anything else, write the revision by hand "
        "(`flask db revision`). It rewrites the table while readers wait, and code that runs "
        "during the upgrade breaks: to expand (add a new column, write both, backfill it) and to "
        "contract (drop the old one in a later release) is safer."
    )
    raise ConfigurationError(message, epochs=[column])
