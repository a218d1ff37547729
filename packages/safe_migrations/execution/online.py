"""Runs a command on a database, again and again until it is through or its time is up."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg2
from alembic.runtime.migration import RevisionStep
from psycopg2 import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations import applied
from safe_migrations.errors import SeveralHeadsError
from safe_migrations.execution.admission import admit
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.execution.journal import Journal
from safe_migrations.execution.patience import Repeating
from safe_migrations.execution.progress import Progress
from safe_migrations.execution.statements import Statements
from safe_migrations.settings import SchemaSettings
from safe_migrations.standing import Titled, standing
from serverless_postgres.losses import fate, is_connection_loss, original
from serverless_postgres.refusals import Fate
from serverless_postgres.retry import Patience

NOW = "now"
"""The attribute of Alembic's config that has where the command has left the database."""
_MOVES = {"upgrade", "downgrade", "stamp"}
_STEPS_BACK = re.compile(r"-\d+")


class _StartAgainError(Exception):
    """What was read of the database no longer holds."""


class Online:
    """One command of Alembic's on one database."""

    def __init__(
        self,
        context: ModuleType,
        options: dict[str, Any],
        settings: SchemaSettings,
        command: str | None,
    ) -> None:
        """`command` is the name of the one that runs, if it is known."""
        self._context = context
        self._command = command
        self._options = options
        self._settings = settings
        self._is_quiet = not context.config.attributes.get("configure_logging", True)
        self._revision: str | None = None
        self._is_admitted = False

    def run(self, engine: Engine) -> None:
        """Run the command.

        A revision that does not get its locks, or loses its connection, is rolled back and tried
        again with growing pauses: nobody queues for long behind a schema change that itself queues
        (Postgres documentation, 13.3.2). Raises LockedError when that takes too long.
        """
        repeating = Repeating(self._settings.schema_retry_s, _say)
        while True:
            progress = None
            wait = self._settings.schema_deploy_wait_s
            try:
                with DeployLock(engine, wait_s=wait, say=_say) as lock:
                    progress = Progress(lock.fetch, _say)
                    self._until_settled(engine, lock, progress)
            except (DBAPIError, psycopg2.Error, PendingRollbackError) as raised:
                error = _first(raised)
                said = self._said(error, progress)
                if said is None or self._revision is None:
                    raise
                repeating.pause(said, "the revision is not applied", error)
            except AssertionError as error:
                if _raised_in(error) != "autocommit_block":
                    raise
                message = (
                    f"Revision {self._revision} opens an autocommit_block() inside of another, "
                    "which Alembic doesn't support: put one after the other, and run the command "
                    "again."
                )
                raise ConfigurationError(message) from error
            except KeyboardInterrupt:
                if self._revision is None:
                    raise
                message = (
                    f"Interrupted in revision {self._revision}, which is not applied. Run the "
                    "command again to go on."
                )
                raise PlainError(message) from None
            else:
                return

    def _until_settled(self, engine: Engine, lock: DeployLock, progress: Progress) -> None:
        while True:
            try:
                self._attempt(engine, lock, progress)
            except _StartAgainError:
                lock.acquire()
            except DBAPIError as error:
                if _is_kept_from_version_table(error) and not lock.is_held:
                    lock.acquire()
                elif not _is_race_for_version_table(error):
                    raise
            else:
                return

    def _attempt(self, engine: Engine, lock: DeployLock, progress: Progress) -> None:
        journal = Journal()
        statements = Statements(journal, progress, lock, self._settings, _say)
        with self._connect(engine) as connection, progress.watch():
            statements.attach(connection)
            self._context.configure(
                connection=connection,
                mark=self._settings.mark,
                on_version_apply=(applied.Recorder(), self._applied(journal, statements)),
                **self._options,
            )
            if not self._is_admitted:
                admit(self._context, engine, lock, self._command, _say)
                self._is_admitted = True
            migration = self._context.get_context()
            find = migration._migrations_fn  # noqa: SLF001  the way to what a command runs

            def steps(heads: Sequence[str], context: Any) -> Iterator[Any]:
                if self._command == "upgrade" and self._is_done(heads, lock):
                    return
                self._check_steps(heads)
                found = list(find(heads, context))
                if not found and self._command not in _MOVES:
                    return
                if not lock.try_acquire():
                    raise _StartAgainError
                connection.exec_driver_sql(lock.mark)
                if set(context.get_current_heads()) != set(heads):
                    raise _StartAgainError
                journal.read(lock.fetch)
                if self._command == "stamp":
                    journal.forget_all(connection)
                else:
                    journal.check([_key(step) for step in found])
                for step in found:
                    self._begin(step, journal, statements)
                    yield step

            migration._migrations_fn = steps  # noqa: SLF001
            with self._context.begin_transaction():
                self._context.run_migrations()
            if self._command in _MOVES:
                now = tuple(sorted(migration.get_current_heads()))
                self._context.config.attributes[NOW] = now

    def _check_steps(self, current: Sequence[str]) -> None:
        """Refuse steps back that could be those of several branches.

        Alembic chooses one, and with -2 takes back the others as well.
        """
        target = self._context._proxy.context_opts.get("destination_rev")  # noqa: SLF001  nothing public has it
        if len(current) < 2 or not (isinstance(target, str) and _STEPS_BACK.fullmatch(target)):  # noqa: PLR2004
            return
        known = {item.revision: item for item in self._context.script.get_revisions(current)}
        names = " and ".join(
            str(Titled(item, known[item].doc.rstrip("."))) for item in sorted(known)
        )
        message = (
            f"There are several heads: {names}. Say whose step it is, such as "
            f"`flask db downgrade {min(current)}@{target}`. Join the heads with "
            "`flask db merge heads -m 'Join them'`, or put your own revision behind the other one "
            "with `flask db rebase`."
        )
        raise SeveralHeadsError(message)

    def _is_done(self, heads: Sequence[str], lock: DeployLock) -> bool:
        """Tell whether the database is ahead of the files, so that they have nothing to add.

        Raises ConfigurationError when it has revisions that no file has, and lacks some of them.
        """
        script = self._context.script
        if {item.revision for item in script.walk_revisions()}.issuperset(heads):
            return False
        target = str(self._context._proxy.context_opts["destination_rev"])  # noqa: SLF001
        if not target.startswith(("+", "-")):
            script.get_revisions(target)  # Raises for a name that no file has.
        history = lock.fetch(applied.READ) if lock.fetch(applied.EXISTS)[0][0] else ()
        folder = Path(script.dir) / "versions"
        found = standing(tuple(sorted(heads)), folder, applied.read(history))
        if not found.can_be_served:
            raise ConfigurationError(str(found))
        _say(f"Nothing to do. {found}")
        return True

    def _begin(self, step: Any, journal: Journal, statements: Statements) -> None:
        self._revision, direction = _key(step)
        statements.is_revision_done = statements.is_rolled_back = False
        journal.begin(self._revision, direction)
        if journal.is_resumed:
            _say(f"Going on with revision {self._revision}, which was interrupted.")
        elif isinstance(step, RevisionStep) and not self._is_quiet:
            verb = "Applying" if step.is_upgrade else "Taking back"
            _say(f"{verb} {Titled(self._revision, (step.revision.doc or '').rstrip('.'))} ...")

    def _applied(self, journal: Journal, statements: Statements) -> Callable[..., None]:
        def applied(ctx: Any, **_: object) -> None:
            journal.check_complete()
            statements.is_revision_done = True
            # After commit() on the connection Alembic still holds the transaction that is over, and
            # would leave the one that has begun since to be rolled back, without a word.
            begun = ctx._transaction  # noqa: SLF001  nothing public has it
            if begun is not None and not begun.is_active:
                if statements.is_rolled_back:
                    message = (
                        f"Revision {self._revision} calls rollback() on the connection, which "
                        "takes back what it has done; it is not applied. Use "
                        "`with connection.begin_nested():` for what may fail."
                    )
                    raise ConfigurationError(message)
                ctx._transaction = ctx.connection.get_transaction()  # noqa: SLF001

        return applied

    def _said(self, error: Exception, progress: Progress | None) -> str | None:
        """Say why trying again makes sense; None when it does not."""
        found = fate(error)
        if found is Fate.HOPELESS:
            return None
        if found is Fate.LOST:
            return f"Revision {self._revision} lost its connection."
        if isinstance(original(error), pg.LockNotAvailable):
            who = f", held by {progress.blockers}" if progress and progress.blockers else ""
            wait = f"{self._settings.schema_lock_timeout_ms} ms"
            return f"Revision {self._revision} did not get a lock within {wait}{who}."
        return f"Revision {self._revision} and another transaction got in each other's way."

    def _connect(self, engine: Engine) -> Connection:
        """Connect, and give a server that is just starting or waking the time it needs."""
        wait = self._settings.schema_connect_wait_s
        patience = Patience(wait, first_s=0.2, longest_s=2.0, drawn=0.5)

        def tell(_: float) -> None:
            if patience.attempts == 2:  # noqa: PLR2004  the first pause
                _say(f"The database does not answer yet; waiting up to {wait} s for it ...")

        while True:
            try:
                return engine.connect()
            except DBAPIError as error:
                if not is_connection_loss(error) or not patience.wait(tell=tell):
                    raise


def _first(error: Exception) -> Exception:
    """Find the error of the database behind those that its consequences have raised."""
    found: BaseException | None = error
    first = error
    while found is not None:
        if isinstance(found, DBAPIError | psycopg2.Error):
            first = found
        found = found.__cause__ or found.__context__
    return first


def _raised_in(error: BaseException) -> str:
    """Name the function that an error comes from."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_name if traceback else ""


def _key(step: Any) -> tuple[str, str]:
    # `stamp` has steps that are not a revision's; their own text is the best name for them.
    revision = step.revision.revision if isinstance(step, RevisionStep) else str(step)
    return revision, "upgrade" if step.is_upgrade else "downgrade"


def _is_race_for_version_table(error: DBAPIError) -> bool:
    """Tell whether several deploys at once on an empty database make Alembic's table."""
    cause = original(error)
    return "alembic_version" in str(cause) and (
        isinstance(cause, pg.DuplicateTable)
        or (isinstance(cause, pg.UniqueViolation) and cause.diag.schema_name == "pg_catalog")
    )


def _is_kept_from_version_table(error: DBAPIError) -> bool:
    """Tell whether a deploy that makes Alembic's table has not ended yet."""
    return isinstance(original(error), pg.LockNotAvailable) and "alembic_version" in (
        error.statement or ""
    )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201  what a command is doing
