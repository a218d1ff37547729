"""Does work on a database in one transaction, again and again until it gets its locks."""

from collections.abc import Callable
from typing import TypeVar

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import UnavailableError
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.execution.explanation import explain
from safe_migrations.execution.patience import Repeating
from safe_migrations.execution.statements import timeouts
from safe_migrations.settings import SchemaSettings
from serverless_postgres.losses import fate, is_connection_loss, original
from serverless_postgres.refusals import Fate

Done = TypeVar("Done")
Say = Callable[[str], None]

# The role or the database may have limits of their own, which are for requests. Nobody waits for
# long for what is locked here: the locks come first, and their limit is that of `timeouts`.
_NO_LIMITS = """
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout',
                   'transaction_timeout')
"""
_HOLDERS = """
    SELECT string_agg(DISTINCT format('pid %%s (%%s, %%s, %%s)', a.pid, a.usename,
                      coalesce(nullif(a.application_name, ''), 'unnamed'), a.state), ', ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.granted AND l.relation IN (SELECT to_regclass(name) FROM unnest(%s) AS name)
    AND a.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


_LOST = (
    "The connection to the database was lost. Either all of it is done or nothing: run the command "
    "again, which sees what is so."
)


def in_one_transaction(
    engine: Engine,
    settings: SchemaSettings,
    work: Callable[[Connection], Done],
    *,
    say: Say,
    locks: tuple[str, ...] = (),
    keep: Callable[[Done], bool] = lambda _: True,
) -> Done:
    """Do work under the deploy lock, and commit it if `keep` says so of what it returns.

    `locks` are the tables that the work locks as others use them: who does is told of. When it does
    not get its locks, all is taken back and tried again with growing pauses, so that nobody queues
    for long behind it. Raises LockedError when that takes too long, and what goes wrong as a
    PlainError.
    """
    repeating = Repeating(settings.schema_retry_s, say)
    is_begun = False
    try:
        with DeployLock(engine, wait_s=settings.schema_deploy_wait_s, say=say) as lock:
            lock.acquire()
            is_begun = True
            while True:
                try:
                    return _attempt(engine, settings, lock, work, keep)
                except (DBAPIError, psycopg2.Error) as error:
                    said = _said(error, settings)
                    if said is None:
                        raise
                    why = f"{said}{_holders(lock, locks)}."
                    repeating.pause(why, "nothing was changed", error)
    except (DBAPIError, psycopg2.Error) as error:
        if is_begun and is_connection_loss(error):
            raise UnavailableError(_LOST) from error
        raise explain(error) from error


def _attempt(
    engine: Engine,
    settings: SchemaSettings,
    lock: DeployLock,
    work: Callable[[Connection], Done],
    keep: Callable[[Done], bool],
) -> Done:
    with engine.connect() as connection:
        chosen = {**timeouts(settings), "client_connection_check_interval": "5s"}
        connection.exec_driver_sql(_NO_LIMITS)
        for name, value in chosen.items():
            # nosemgrep: sql-of-pieces  settings, checked when they were read
            connection.exec_driver_sql(f"SET LOCAL {name} = '{value}'")
        connection.exec_driver_sql(lock.mark)
        done = work(connection)
        if keep(done):
            lock.check()
            connection.commit()
        else:
            connection.rollback()
        return done


def _said(error: BaseException, settings: SchemaSettings) -> str | None:
    """Say why trying again makes sense; None when it does not."""
    if fate(error) is not Fate.PASSING:
        return None
    if isinstance(original(error), pg.LockNotAvailable):
        return f"A lock could not be acquired within {settings.schema_lock_timeout_ms} ms"
    return "Another transaction and this one got in each other's way"


def _holders(lock: DeployLock, tables: tuple[str, ...]) -> str:
    found = lock.fetch(_HOLDERS, list(tables))[0][0] if tables else None
    return f": the tables are in use by {found}" if found else ""
