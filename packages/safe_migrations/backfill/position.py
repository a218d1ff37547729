"""The table `backfills`: how far each backfill has come, written together with its batches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from safe_migrations.tool_tables import BACKFILLS

_GRACE_S = 1.0
"""How long after its due time a batch may begin before its runner counts as gone."""

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {BACKFILLS} (
        name text NOT NULL CONSTRAINT pk_backfills PRIMARY KEY,
        digest text NOT NULL,
        position jsonb,
        rows_expected bigint NOT NULL,
        rows_seen bigint NOT NULL DEFAULT 0,
        rows_done bigint NOT NULL DEFAULT 0,
        batches bigint NOT NULL DEFAULT 0,
        active_s double precision NOT NULL DEFAULT 0,
        runner text,
        due_at timestamptz,
        started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at timestamptz,
        applied_at timestamptz
    )
"""
_COLUMNS = """
    name, digest, position, rows_expected, rows_seen, rows_done, batches, active_s, runner,
    CAST(EXTRACT(epoch FROM due_at - clock_timestamp()) AS double precision),
    started_at, updated_at, finished_at, applied_at
"""
_DUE_AT = "clock_timestamp() + %(due_s)s * interval '1 second'"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a backfill has come.

    `after` is the key of the last row visited, as text; None before the first batch. `rows_seen`
    counts rows visited, `rows_done` rows changed, `rows_expected` is the size of the table at the
    start. `active_s` is the time spent on it, pauses included. `runner` is whoever works on it, or
    was killed while at it; its next batch is due in `due_s`. `applied_at` is when a revision that
    ran it was applied.
    """

    name: str
    digest: str
    after: tuple[str, ...] | None
    rows_expected: int
    rows_seen: int
    rows_done: int
    batches: int
    active_s: float
    runner: str | None
    due_s: float | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    applied_at: datetime | None

    @property
    def fraction(self) -> float:
        """The part that is done, from 0 to 1; an estimate until the end, as tables grow."""
        if self.finished_at:
            return 1.0
        return min(self.rows_seen / self.rows_expected, 0.999) if self.rows_expected else 0.0

    @property
    def rows_per_s(self) -> float | None:
        """Rows visited per second."""
        return self.rows_seen / self.active_s if self.active_s else None


def create_table(connection: Connection) -> None:
    """Make the table, unless it is there: a role without the right to do so may still use it."""
    if not exists(connection):
        # IF NOT EXISTS is no protection against another one's CREATE that is not committed yet.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('{BACKFILLS}'))")
        connection.exec_driver_sql(_CREATE)


def exists(connection: Connection) -> bool:
    """Tell whether any backfill was ever begun in this database."""
    found = connection.exec_driver_sql(f"SELECT to_regclass('{BACKFILLS}') IS NOT NULL")
    return bool(found.scalar_one())


def read(connection: Connection, name: str, *, lock: bool = False) -> Position | None:
    """Read the position of a backfill; with `lock`, nobody else moves it in this transaction."""
    sql = f"SELECT {_COLUMNS} FROM {BACKFILLS} WHERE name = %(name)s"  # noqa: S608  constants
    row = connection.exec_driver_sql(sql + (" FOR UPDATE" if lock else ""), {"name": name}).first()
    return None if row is None else _position(row)


def read_all(connection: Connection) -> list[Position]:
    """Read the positions of all backfills that were ever begun, by name."""
    sql = f"SELECT {_COLUMNS} FROM {BACKFILLS} ORDER BY name"  # noqa: S608  constants
    return [_position(row) for row in connection.exec_driver_sql(sql)]


def unlocked_names(connection: Connection) -> set[str]:
    """Name the backfills of which no batch is being run right now."""
    sql = f"SELECT name FROM {BACKFILLS} FOR KEY SHARE SKIP LOCKED"  # noqa: S608  constants
    return set(connection.exec_driver_sql(sql).scalars())


def begin(
    connection: Connection, name: str, digest: str, rows_expected: int, runner: str
) -> Position | None:
    """Put down the beginning; None when another runner has just done so."""
    sql = f"""
        INSERT INTO {BACKFILLS} (name, digest, rows_expected, runner, due_at)
        VALUES (%(name)s, %(digest)s, %(expected)s, %(runner)s, {_DUE_AT})
        ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
    """  # noqa: S608  constants
    values = {"name": name, "digest": digest, "expected": rows_expected, "runner": runner}
    row = connection.exec_driver_sql(sql, {**values, "due_s": _GRACE_S}).first()
    return None if row is None else _position(row)


def forget(connection: Connection, name: str) -> None:
    """Drop the position, so that the backfill begins anew."""
    connection.exec_driver_sql(f"DELETE FROM {BACKFILLS} WHERE name = %(name)s", {"name": name})  # noqa: S608  a constant


def take(connection: Connection, name: str, runner: str) -> Position:
    """Make this runner the one that works on it."""
    return _update(
        connection, name, f"runner = %(runner)s, due_at = {_DUE_AT}", runner=runner, due_s=_GRACE_S
    )


def advance(
    connection: Connection,
    name: str,
    after: Sequence[str],
    *,
    seen: int,
    done: int,
    took_s: float,
    pause_s: float,
) -> Position:
    """Put down a batch, in its own transaction."""
    return _update(
        connection,
        name,
        "position = CAST(%(after)s AS jsonb), rows_seen = rows_seen + %(seen)s, "
        "rows_done = rows_done + %(done)s, batches = batches + 1, "
        f"active_s = active_s + %(took_s)s, due_at = {_DUE_AT}",
        after=json.dumps(list(after), ensure_ascii=False),
        seen=seen,
        done=done,
        took_s=took_s + pause_s,
        due_s=pause_s + _GRACE_S,
    )


def finish(connection: Connection, name: str) -> Position:
    """Put down that all rows were visited."""
    return _update(connection, name, "finished_at = clock_timestamp(), runner = NULL")


def release(connection: Connection, name: str, runner: str) -> None:
    """Say that this runner has stopped, so that the next one need not wait to see whether it has.

    A runner that was followed by another one changes nothing.
    """
    sql = f"UPDATE {BACKFILLS} SET runner = NULL WHERE name = %(name)s AND runner = %(runner)s"  # noqa: S608  a constant
    connection.exec_driver_sql(sql, {"name": name, "runner": runner})


def mark_applied(connection: Connection, name: str) -> None:
    """Put down that the revision which runs it is applied, in the transaction that applies it."""
    _update(connection, name, "applied_at = clock_timestamp()")


def _update(connection: Connection, name: str, changes: str, **values: object) -> Position:
    sql = f"""
        UPDATE {BACKFILLS} SET {changes}, updated_at = clock_timestamp()
        WHERE name = %(name)s RETURNING {_COLUMNS}
    """  # noqa: S608  constants
    # nosemgrep: sql-of-pieces  constants
    return _position(connection.exec_driver_sql(sql, {"name": name, **values}).one())


def _position(row: Any) -> Position:
    name, digest, after, *rest = row
    return Position(name, digest, None if after is None else tuple(after), *rest)
