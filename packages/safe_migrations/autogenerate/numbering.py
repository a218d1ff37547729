"""How the numbers that a sequence gives are written and changed."""

from collections.abc import Iterator
from dataclasses import fields

from safe_migrations.autogenerate.shapes import Numbers

_BITS = {"smallint": 15, "integer": 31, "bigint": 63}


def literal(text: str) -> str:
    """Write a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def creation(name: str, new: Numbers) -> str:
    """Write the statement that makes a sequence; `name` is as SQL takes it."""
    lowest, highest = _limits(new.type)
    is_up = new.increment > 0
    usual = Numbers(
        new.type,
        start=new.minimum if is_up else new.maximum,
        increment=1,
        minimum=1 if is_up else lowest,
        maximum=highest if is_up else -1,
        cache=1,
        cycle=False,
    )
    return " ".join([f"CREATE SEQUENCE {name} AS {new.type}", *options(usual, new)])


def alteration(name: str, old: Numbers, new: Numbers) -> str:
    """Write the statement that changes a sequence; `name` is as SQL takes it."""
    typed = [f"AS {new.type}"] if new.type != old.type else []
    return " ".join([f"ALTER SEQUENCE {name}", *typed, *options(old, new)])


def options(old: Numbers, new: Numbers) -> Iterator[str]:
    """Write what differs, but for the type."""
    if new.increment != old.increment:
        yield f"INCREMENT BY {new.increment}"
    # PostgreSQL 18, ALTER SEQUENCE: limits that are those of the old type become the new one's.
    lowest, highest = (
        after if value == before else value
        for value, before, after in zip(
            (old.minimum, old.maximum), _limits(old.type), _limits(new.type), strict=True
        )
    )
    if new.minimum != lowest:
        yield f"MINVALUE {new.minimum}"
    if new.maximum != highest:
        yield f"MAXVALUE {new.maximum}"
    if new.start != old.start:
        yield f"START WITH {new.start}"
    if new.cache != old.cache:
        yield f"CACHE {new.cache}"
    if new.cycle != old.cycle:
        yield "CYCLE" if new.cycle else "NO CYCLE"


def lifted(name: str, old: Numbers, new: Numbers) -> list[str]:
    """Write what takes a sequence to where its new limits let it be; `name` is an SQL literal."""
    if new.minimum <= old.minimum or new.increment < 0:
        return []
    last = f"coalesce(pg_sequence_last_value(CAST({name} AS regclass)), {old.minimum})"
    return [f"SELECT setval({name}, {new.minimum}, false) WHERE {last} < {new.minimum}"]


def continued(name: str, table: str, column: str, new: Numbers | None) -> str:
    """Write what lets a sequence go on behind the values there are; `name` is an SQL literal."""
    start = new.start if new else 1
    if new and new.increment < 0:
        value = f"least(coalesce(min({column}), 0) - 1, {start})"
    else:
        value = f"greatest(coalesce(max({column}), 0) + 1, {start})"
    return f"SELECT setval({name}, {value}, false) FROM {table}"  # noqa: S608  quoted


def difference(old: Numbers, new: Numbers) -> str:
    """Say in what the models' sequence differs from the database's."""
    return ", ".join(
        f"its {item.name} is {getattr(new, item.name)}, not {getattr(old, item.name)}"
        for item in fields(Numbers)
        if getattr(new, item.name) != getattr(old, item.name)
    )


def _limits(kind: str) -> tuple[int, int]:
    bits = _BITS[kind]
    return -(2**bits), 2**bits - 1
