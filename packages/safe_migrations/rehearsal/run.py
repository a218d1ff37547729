"""The rehearsal itself: up, down and up again on a copy."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import PlainError
from safe_migrations import inspection
from safe_migrations.lint.ranges import pending
from safe_migrations.lint.run import open_directory
from safe_migrations.project import Project
from safe_migrations.rehearsal.copies import Place, open_copy
from safe_migrations.rehearsal.interruption import (
    Tell,
    cancel_statements,
    interruptible,
    notice,
    signals_unwind,
)
from safe_migrations.rehearsal.observation import Observer, RehearsalStoppedError
from safe_migrations.rehearsal.report import Failure, Leg, Outcome, Rehearsal
from safe_migrations.rehearsal.snapshot import (
    Snapshot,
    data_differences,
    read_schema,
    read_snapshot,
    schema_differences,
)
from safe_migrations.rehearsal.throwaway import Copy
from safe_migrations.runner import configuration, explained, run
from safe_migrations.target import Target, connected, opened
from serverless_postgres.url import masked

Found = TypeVar("Found")

_SHOWN_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse, and how."""

    project: Project
    target: str = "head"
    x: tuple[str, ...] = ()
    """Arguments for env.py; of these, `url=...` is not for the copy."""
    place: Place | None = None
    keep: bool = False
    with_downgrade: bool = True


def rehearse(plan: Plan, database: Target, tell: Tell) -> Rehearsal | None:
    """Upgrade a copy of a database, downgrade it, and upgrade it again; None: nothing is pending.

    `tell` gets sentences for people while it takes long. What goes wrong in a revision is part of
    the result. Raises a PlainError when there can be no copy or the target is unknown.
    """
    settings = plan.project.settings
    directory = open_directory(configuration(plan.project, plan.x, quiet=True))
    with opened(database, settings) as connection:
        start = inspection.stored_revisions(connection) or ()
        inspection.check_tables(connection, plan.project)
    with explained(plan.project):
        revisions = tuple(item.revision for item in pending(directory, start, plan.target).inside)
    if not revisions:
        return None
    with (
        signals_unwind(),
        open_copy(database.url, settings, place=plan.place, keep=plan.keep, tell=tell) as copy,
    ):
        stage = _Stage(plan, copy, tell)
        found = interruptible(lambda: stage.play(start, revisions), stage.stop)
        kept = f"{masked(copy.url)}; to remove it, {copy.way_to_drop}" if plan.keep else None
        return replace(found, source=masked(database.url), kept=kept)


class _Stage:
    """A copy, and who watches it."""

    def __init__(self, plan: Plan, copy: Copy, tell: Tell) -> None:
        self._plan = plan
        self._copy = copy
        self._tell = tell
        timeout = {"connect_timeout": plan.project.settings.connect_timeout_s}
        self._engine = create_engine(copy.url, poolclass=pool.NullPool, connect_args=timeout)
        self._observer = Observer(self._engine)

    def stop(self) -> None:
        """End the statements that run on the copy, and begin no other."""
        self._observer.stop()
        # Their connections stay: a lost one would have the upgrade tried again.
        cancel_statements(self._copy.url)

    def play(self, start: tuple[str, ...], revisions: tuple[str, ...]) -> Rehearsal:
        """Go all the ways as far as they lead."""
        before = self._read("Reading the copy ...", read_snapshot)
        self._observer.rows = before.rows
        upgrade = self._go("upgrade", self._plan.target)
        found = Rehearsal("", self._copy.description, start, revisions, upgrade)
        if upgrade.failure or not self._plan.with_downgrade:
            return found
        if len(start) > 1:
            said = f"The copy stood at several revisions ({', '.join(start)})."
            return replace(found, findings=(said,))
        return self._play_downgrade(found, before)

    def _play_downgrade(self, found: Rehearsal, before: Snapshot) -> Rehearsal:
        upgraded = self._read("Reading the schema ...", read_schema)
        downgrade = self._go("downgrade", found.start[0] if found.start else "base")
        found = replace(found, downgrade=downgrade)
        if downgrade.failure:
            return _judged(found, "impossible", [downgrade.failure.message])
        after = self._read("Reading the copy again ...", read_snapshot)
        again = self._go("upgrade", self._plan.target)
        found = replace(found, second_upgrade=again)
        differences = schema_differences(before.schema, after.schema)
        if again.failure:
            said = f"The second upgrade fails: {again.failure.message}"
            return _judged(found, "schema differs", [said, *differences])
        if differences:
            return _judged(found, "schema differs", differences)
        second = self._read("Reading the schema again ...", read_schema)
        if changed := schema_differences(upgraded, second):
            said = "After the second upgrade the schema is not that after the first:"
            return _judged(found, "schema differs", [said, *changed])
        lost = data_differences(before, after)
        return _judged(found, "data differs" if lost else "ok", lost)

    def _read(self, text: str, read: Callable[[Connection], Found]) -> Found:
        with (
            notice(self._tell, text),
            connected(
                self._copy.url, timeout_s=self._plan.project.settings.connect_timeout_s
            ) as connection,
        ):
            return read(connection)

    def _go(self, direction: str, target: str) -> Leg:
        self._observer.restart()
        failure = None
        began = time.perf_counter()
        try:
            with self._observer.watching_steps():
                run(
                    self._plan.project,
                    direction,
                    target,
                    x=tuple(item for item in self._plan.x if not item.startswith("url=")),
                    quiet=True,
                    connection=self._engine,
                )
        except RehearsalStoppedError:
            raise
        except Exception as error:  # noqa: BLE001  a revision may raise whatever it likes
            failure = Failure(self._observer.revision, self._observer.running, _message(error))
        duration_ms = (time.perf_counter() - began) * 1000
        return Leg(duration_ms, tuple(self._observer.statements), failure)


def _judged(found: Rehearsal, outcome: Outcome, findings: list[str]) -> Rehearsal:
    if len(findings) > _SHOWN_DIFFERENCES:
        more = len(findings) - _SHOWN_DIFFERENCES
        findings = [*findings[:_SHOWN_DIFFERENCES], f"And {more} more differences."]
    return replace(found, outcome=outcome, findings=tuple(findings))


def _message(error: Exception) -> str:
    """Say what Postgres says; else what the service or the revision itself does."""
    cause = error.__cause__
    if isinstance(cause, DBAPIError) and cause.orig is not None:
        return str(cause.orig).strip()
    if isinstance(error, PlainError):
        return error.detail
    return f"{type(error).__name__}: {error}".removesuffix(": ")
