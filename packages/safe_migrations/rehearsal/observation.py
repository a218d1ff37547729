"""Watches the statements of revisions: durations, locks, tables written anew, rows."""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import psycopg2
from alembic.runtime.migration import MigrationStep
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR
from sqlalchemy import Engine, event
from typing_extensions import override

from plain_commands.errors import PlainError
from safe_migrations.execution.statements import OUTSIDE_TRANSACTION
from safe_migrations.lint.locks import Lock
from safe_migrations.rehearsal.lock_sampling import Look, look, sampled
from safe_migrations.rehearsal.report import Statement, Stops, TakenLock
from safe_migrations.tool_tables import TOOL_TABLES

# What Alembic and this library run besides.
_OURS = re.compile(
    r"\s*(?:SET|SHOW|RESET|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SELECT\s+1\s+WHERE\s+false)\b"
    rf"|.*\b(?:{'|'.join(TOOL_TABLES)}|pg_catalog)\b"
    r"|\s*SELECT\b.*\b(?:pg_class|pg_index|to_regclass)\b"
    r"|\s*EXPLAIN\s+UPDATE\b",
    re.IGNORECASE | re.DOTALL,
)
_READS = re.compile(r"\s*(?:SELECT|SHOW|EXPLAIN|TABLE|VALUES)\b", re.IGNORECASE)
_TRUNCATES = re.compile(r"\s*TRUNCATE\b", re.IGNORECASE)
_STEPS = logging.getLogger("alembic.runtime.migration")


class Observer:
    """Listens to an engine; what it saw since `restart` is in `statements`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._existing: frozenset[int] = frozenset()
        self._is_new_revision = False
        self._is_stopped = False
        self.rows: Mapping[str, int] = {}
        """How many rows the tables have, for those that are written anew."""
        self.restart()
        for name in ("do_execute", "do_executemany"):
            event.listen(engine, name, self._listener(name))

    def restart(self) -> None:
        """Forget what was seen."""
        self.statements: list[Statement] = []
        self.revision: str | None = None
        self.running: str | None = None
        """The statement that did not come to its end."""

    def stop(self) -> None:
        """Let no further statement begin."""
        self._is_stopped = True

    @contextmanager
    def watching_steps(self) -> Iterator[None]:
        """Learn from Alembic's log which revision is running."""
        handler = _Steps(self._begin_revision)
        before = _STEPS.level, _STEPS.propagate
        _STEPS.setLevel(logging.INFO)
        _STEPS.propagate = False
        _STEPS.addHandler(handler)
        try:
            yield
        finally:
            _STEPS.removeHandler(handler)
            _STEPS.level, _STEPS.propagate = before

    def _begin_revision(self, revision: str) -> None:
        self.revision = revision
        self._is_new_revision = True

    def _listener(self, name: str) -> Callable[..., Literal[True]]:
        execute = getattr(self._engine.dialect, name)

        def listener(cursor: Any, statement: str, parameters: Any, context: Any) -> Literal[True]:
            # True: the statement has been executed.
            if self._is_stopped:
                raise RehearsalStoppedError
            if self.revision is None or _OURS.match(statement):
                execute(cursor, statement, parameters, context)
            else:
                self._observe(
                    cursor, statement, lambda: execute(cursor, statement, parameters, context)
                )
            return True

        return listener

    def _observe(self, cursor: Any, statement: str, execute: Callable[[], object]) -> None:
        before = self._look(cursor.connection)
        if self._is_new_revision:
            self._existing = frozenset(before.names)
            self._is_new_revision = False
        self.running = statement
        try:
            with self._sampled(cursor.connection, statement) as sample:
                began = time.perf_counter()
                execute()
                duration_ms = (time.perf_counter() - began) * 1000
        except psycopg2.Error as error:
            if self._is_stopped:
                raise RehearsalStoppedError from error
            raise
        self.running = None
        after = self._look(cursor.connection)
        held = after.locks if sample is None else sample
        names = before.names | after.names
        is_rewritten = not _TRUNCATES.match(statement)
        self._add(
            Statement(
                revision=self.revision or "",
                sql=" ".join(statement.split()),
                duration_ms=duration_ms,
                longest_ms=duration_ms,
                locks=tuple(
                    TakenLock(names[oid], mode, oid not in self._existing)
                    for oid, mode in held.items()
                    if oid in names and mode > before.locks.get(oid, 0)
                ),
                stops=_stops([held[oid] for oid in held if oid in self._existing]),
                rewritten={
                    names[oid]: self.rows.get(before.names[oid])
                    for oid in self._existing & before.files.keys() & after.files.keys()
                    if before.files[oid] != after.files[oid] and is_rewritten
                },
                rows=None if cursor.rowcount < 0 or _READS.match(statement) else cursor.rowcount,
                are_locks_known=sample is None or bool(sample),
            )
        )

    def _look(self, connection: Any) -> Look:
        # A transaction that the revision is about to roll back to a savepoint answers nothing.
        is_failed = connection.info.transaction_status == TRANSACTION_STATUS_INERROR
        return Look() if is_failed else look(connection)

    @contextmanager
    def _sampled(self, connection: Any, statement: str) -> Iterator[dict[int, Lock] | None]:
        is_idle = connection.info.transaction_status == TRANSACTION_STATUS_IDLE
        if not (connection.autocommit and is_idle and OUTSIDE_TRANSACTION.match(statement)):
            yield None
            return
        with connection.cursor() as cursor:
            # Not libpq's own, which behind a proxy is made up.
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with sampled(self._engine, pid) as found:
            yield found

    def _add(self, new: Statement) -> None:
        for index, earlier in enumerate(self.statements):
            if (earlier.revision, earlier.sql) == (new.revision, new.sql):
                self.statements[index] = earlier.with_repetition(new)
                return
        self.statements.append(new)


class RehearsalStoppedError(PlainError):
    """The rehearsal was interrupted."""

    def __init__(self) -> None:
        super().__init__("The rehearsal was interrupted.")


class _Steps(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    @override
    def emit(self, record: logging.LogRecord) -> None:
        step = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if isinstance(step, MigrationStep):
            self._tell(step.revision.revision)  # type: ignore[attr-defined]


def _stops(held: list[Lock]) -> Stops | None:
    strongest = max(held, default=Lock.ACCESS_SHARE)
    if strongest.stops_reads:
        return "reads and writes"
    return "writes" if strongest.stops_writes else None
