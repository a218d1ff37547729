"""Runs a backfill as a step of a revision."""

import logging
import time
from typing import Any

from sqlalchemy import Connection, Engine

from safe_migrations.backfill import position as positions
from safe_migrations.backfill import statements
from safe_migrations.backfill.definition import Backfill
from safe_migrations.backfill.position import Position
from safe_migrations.backfill.preparation import prepare
from safe_migrations.backfill.runner import Pace, Runner
from safe_migrations.backfill.statements import Key
from safe_migrations.settings import SchemaSettings
from serverless_postgres.mark import Mark

_LINE_EVERY_S = 5

_log = logging.getLogger("alembic.backfill")


def run(backfill: Backfill, op: Any) -> None:
    """Do what `Backfill.run` describes, on a live database."""
    context = op.get_context()
    connection: Connection = op.get_bind()
    if context._in_external_transaction:  # noqa: SLF001  nothing public tells
        connection.execute(statements.as_text(statements.whole_update(backfill)))
        return
    key = _prepared(connection, backfill)
    # The locks of what the revision did before would stand in the way of the other connection.
    with context.autocommit_block():
        mark = context.opts.get("mark") or SchemaSettings().mark
        run_on(connection.engine, backfill, mark, key)

    def note(**_: object) -> None:
        positions.mark_applied(connection, backfill.name)

    # Called in the transaction that notes the revision: either both are known or none. A revision
    # that is run once more has been taken back meanwhile, and its rows want filling once more.
    context.on_version_apply_callbacks += (_once(note),)


def run_on(engine: Engine, backfill: Backfill, mark: Mark, key: Key | None = None) -> None:
    """Run a backfill for a deploy, which waits for it: without pauses."""
    with Runner(engine, backfill, Pace(pause_s=0), mark, progress=_Lines()) as runner:
        runner.run(anew=_is_applied, key=key)


def _prepared(connection: Connection, backfill: Backfill) -> Key | None:
    """Look whether it can be done while the revision can still be taken back as a whole."""
    before = None
    if positions.exists(connection):
        before = positions.read(connection, backfill.name)
    return prepare(connection, backfill, before, _is_applied)


def _is_applied(position: Position) -> bool:
    return position.applied_at is not None


class _Lines:
    """Writes a line to the log every few seconds."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _LINE_EVERY_S

    def __call__(self, position: Position) -> None:
        if time.monotonic() > self._due:
            _log.info("%s", line(position))
            self._due = time.monotonic() + _LINE_EVERY_S


def line(position: Position) -> str:
    """Say in a line how far a backfill is."""
    return (
        f"Backfill {position.name}: {position.fraction:.1%}, {position.rows_seen:,} rows visited, "
        f"{position.rows_done:,} changed"
    )


def _once(function: Any) -> Any:
    is_called = False

    def call(**arguments: object) -> None:
        nonlocal is_called
        if not is_called:
            is_called = True
            function(**arguments)

    return call
