"""Runs a backfill: batch after batch, each with its position in one short transaction."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from plain_commands.errors import ConfigurationError, UnavailableError
from safe_migrations.backfill import position as positions
from safe_migrations.backfill import statements, table
from safe_migrations.backfill.definition import Backfill
from safe_migrations.backfill.position import Position
from safe_migrations.backfill.preparation import Anew, begins_anew, check_definition, prepare
from safe_migrations.backfill.statements import Key
from safe_migrations.errors import LockedError
from serverless_postgres.losses import describe, fate, is_connection_loss
from serverless_postgres.mark import Mark
from serverless_postgres.refusals import Fate
from serverless_postgres.retry import Patience

T = TypeVar("T")
Progress = Callable[[Position], None]

_LEAST_ROWS, _MOST_ROWS = 100, 100_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_TRIED_FOR_S = 60.0
"""For how long a transaction that has failed for a passing reason is tried again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done at a time: rows of the first batch, and seconds.

    Later batches grow or shrink until one takes `target_s`. A batch that does not get its locks
    within `lock_timeout_s` is tried again, smaller.
    """

    batch_rows: int = 10_000
    target_s: float = 0.5
    pause_s: float = 0.1
    lock_timeout_s: float = 2.0


class Runner:
    """One process's work on one backfill.

    It keeps no state in its session, so a pooler in transaction mode may be in between; hence also
    no lock that lasts: the row in `backfills` says who works, and each batch checks that under a
    row lock. Two runners can therefore never change the same row, whatever happens to either.
    """

    def __init__(
        self,
        engine: Engine,
        backfill: Backfill,
        pace: Pace,
        mark: Mark,
        *,
        stop: Event | None = None,
        progress: Progress = lambda _: None,
    ) -> None:
        """Prepare.

        `mark` tells Postgres whose work it is; `stop` ends it after the batch at hand, `progress`
        is told of each.
        """
        self._engine = engine
        self._backfill = backfill
        self._pace = pace
        self._mark = mark
        self._stop = stop or Event()
        self._progress = progress
        self._id = secrets.token_hex(8)
        self._rows = pace.batch_rows
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._disconnect()

    def run(self, *, anew: Anew = lambda _: False, key: Key | None = None) -> Position:
        """Go on from wherever the backfill is, to its end or until it is stopped.

        `key` is what `prepare` has found, if it was asked before. Raises LockedError when another
        runner is at work or locks are not to be had, ConfigurationError when the definition is
        another one than at the beginning or the database refuses it, UnavailableError when the
        connection can't be had again.
        """
        self._in_transaction(positions.create_table)
        name = self._backfill.name
        before = self._in_transaction(lambda connection: positions.read(connection, name))
        chosen = key or self._in_transaction(
            lambda connection: prepare(connection, self._backfill, before, anew)
        )
        position = self._claim(before, anew)
        self._progress(position)
        while chosen and not position.finished_at and not self._stop.is_set():
            position = self._in_transaction(lambda connection: self._batch(connection, chosen))
            self._progress(position)
            if not position.finished_at:
                self._stop.wait(self._pace.pause_s)
        if not position.finished_at:
            self._in_transaction(
                lambda connection: positions.release(connection, self._backfill.name, self._id)
            )
        return position

    def _claim(self, before: Position | None, anew: Anew) -> Position:
        if before and before.runner and not before.finished_at:
            # It is alive if it begins its next batch when that is due.
            time.sleep(max(before.due_s or 0, 0))
        return self._in_transaction(lambda connection: self._take(connection, before, anew))

    def _take(self, connection: Connection, before: Position | None, anew: Anew) -> Position:
        backfill = self._backfill
        now = positions.read(connection, backfill.name, lock=True)
        # An answer that was lost on the way may have been this runner's own beginning.
        if now and now.runner != self._id and (not before or now.updated_at != before.updated_at):
            raise self._taken()
        if now and begins_anew(now, backfill, anew):
            positions.forget(connection, backfill.name)
            now = None
        if now is None:
            rows = table.count_rows(connection, backfill.table)
            begun = positions.begin(connection, backfill.name, backfill.digest, rows, self._id)
            if begun is None:
                raise self._taken()
            return begun
        check_definition(now, backfill)
        return now if now.finished_at else positions.take(connection, backfill.name, self._id)

    def _batch(self, connection: Connection, key: Key) -> Position:
        backfill, began = self._backfill, time.monotonic()
        now = positions.read(connection, backfill.name, lock=True)
        if now and now.finished_at:
            return now
        if now is None or now.runner != self._id:
            raise self._taken()
        if key == table.NO_KEY:
            return self._end_at_once(connection)
        is_first = now.after is None
        values = statements.parameters("after", now.after or ())
        end = connection.exec_driver_sql(
            statements.batch_end(backfill, key, is_first=is_first), {**values, "size": self._rows}
        ).one_or_none()
        if end is None:
            return positions.finish(connection, backfill.name)
        seen, upto = end[0], tuple(end[1:])
        done = connection.exec_driver_sql(
            statements.batch_update(backfill, key, is_first=is_first),
            {**values, **statements.parameters("upto", upto)},
        ).rowcount
        took_s = time.monotonic() - began
        self._adapt(took_s)
        return positions.advance(
            connection,
            backfill.name,
            upto,
            seen=seen,
            done=done,
            took_s=took_s,
            pause_s=self._pace.pause_s,
        )

    def _end_at_once(self, connection: Connection) -> Position:
        """Finish what had no row to change, also those few that have come since it was looked."""
        name, began = self._backfill.name, time.monotonic()
        update = statements.as_text(statements.whole_update(self._backfill))
        if done := connection.execute(update).rowcount:
            took_s = time.monotonic() - began
            positions.advance(connection, name, (), seen=done, done=done, took_s=took_s, pause_s=0)
        return positions.finish(connection, name)

    def _adapt(self, took_s: float) -> None:
        """Choose the size of the next batch, at most twice or half of this one."""
        wanted = self._rows * self._pace.target_s / max(took_s, 0.001)
        bounded = min(max(wanted, self._rows / 2), self._rows * 2)
        self._rows = min(max(int(bounded), min(_LEAST_ROWS, self._pace.batch_rows)), _MOST_ROWS)

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do something in one transaction, and again when it fails for a passing reason."""
        patience = None
        while True:
            try:
                return self._attempt(work)
            except DBAPIError as error:
                if fate(error) is Fate.HOPELESS:
                    raise self._refused(error) from error
                self._disconnect()
                self._rows = max(self._rows // 2, 1)
                # From the first failure on: before it, the work may have taken long.
                patience = patience or Patience(
                    _TRIED_FOR_S,
                    self._stop,
                    first_s=_FIRST_PAUSE_S,
                    longest_s=_LONGEST_PAUSE_S,
                    drawn=0.5,
                )
                if not patience.wait():
                    raise self._exhausted(error) from error

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            milliseconds = int(self._pace.lock_timeout_s * 1000)
            self._connection.exec_driver_sql(
                # nosemgrep: sql-of-pieces  a number
                f"{self._mark.set_local}; SET LOCAL lock_timeout = {milliseconds}"
            )
            return work(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()

    def _taken(self) -> LockedError:
        name = self._backfill.name
        message = (
            f"Another process is running backfill {name}: `flask db backfill status {name}` shows "
            "how far it is."
        )
        return LockedError(message)

    def _refused(self, error: DBAPIError) -> ConfigurationError:
        said = str(error.orig).strip().splitlines()[0]
        message = (
            f"The database refuses backfill {self._backfill.name}: {said}. What was done before is "
            "kept; correct the definition or the rows, or apply the revisions before it "
            "(`flask db upgrade`)."
        )
        return ConfigurationError(message)

    def _exhausted(self, error: DBAPIError) -> LockedError | UnavailableError:
        goes_on = f"`flask db backfill resume {self._backfill.name}` goes on from there."
        if is_connection_loss(error):
            return UnavailableError(f"{describe(error)} What was done is kept; {goes_on}")
        return LockedError(
            f"Backfill {self._backfill.name} does not get its locks: another transaction holds "
            f"them. What was done is kept; {goes_on}"
        )
