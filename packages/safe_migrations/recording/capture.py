"""Runs a revision without a database, as often as it takes to see all that it may do."""

import io
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from safe_migrations.lint.catalog import Catalog
from safe_migrations.recording.connection import connected
from safe_migrations.recording.environment import Environment
from safe_migrations.recording.guard import BlockedError, EndsProcessError, guarded
from safe_migrations.recording.inspector import Inspected, InspectedDialect
from safe_migrations.recording.recorder import (
    Compiler,
    EndlessError,
    Recorder,
    line_of,
    noting_lines,
)
from safe_migrations.recording.stepwise import stepwise
from safe_migrations.recording.world import FIRST, World
from safe_migrations.statements import Captured, Remark, Statement


class Capture:
    """Collects the statements of the revisions of a folder."""

    def __init__(self, directory: ScriptDirectory, environment: Environment) -> None:
        self._directory = directory
        self._environment = environment

    def __call__(
        self, script: Script, catalog: Catalog | None = None, *, downgrade: bool = False
    ) -> Captured:
        """Run a revision's `upgrade()`, or `downgrade()`.

        `catalog` is the schema that it finds. Nothing that the revision does is an error here:
        `Captured.remarks` tell of it.
        """
        path = Path(script.path)
        name = "downgrade" if downgrade else "upgrade"
        title = (script.doc or "").partition("\n")[0].rstrip(".")
        known = getattr(self._directory, "remarks", {}).get(path.resolve(), ())
        if not hasattr(script.module, name):
            return Captured(script.revision, title, path, (), remarks=tuple(known))
        run = _Run(self, script, name, path, catalog)
        first = run(FIRST)
        others = [run(world) for world in run.worlds()]
        remarks = dict.fromkeys((*known, *run.remarks))
        otherwise = tuple(found for found in others if _differs(found, first))
        return Captured(script.revision, title, path, first, otherwise, tuple(remarks))

    def context(self, dialect: InspectedDialect) -> MigrationContext:
        """Make what Alembic's operations work on."""
        options = {
            "as_sql": True,
            "literal_binds": True,
            "transaction_per_migration": True,
            "output_buffer": io.StringIO(),
            "script": self._directory,
            "target_metadata": self._environment.target_metadata,
        }
        return MigrationContext.configure(dialect=dialect, opts=options)

    def environment_context(self) -> EnvironmentContext:
        """Make what `alembic.context` stands for; to the revision it is online."""
        return EnvironmentContext(Config(), self._directory)

    def explain(self, error: BaseException) -> str:
        """Say why a statement of a revision can't be run here."""
        said = " ".join(str(error).split())[:200]
        why = f"without a database it stops with {type(error).__name__}: {said.rstrip('.')}"
        if isinstance(error, AttributeError) and self._environment.problem:
            why += f"; env.py, which may know it, stops with {self._environment.problem}"
        return why


class _Run:
    """Runs one revision in one world after the other."""

    def __init__(
        self, capture: Capture, script: Script, name: str, path: Path, catalog: Catalog | None
    ) -> None:
        self.remarks: dict[Remark, None] = {}
        self._capture = capture
        self._script = script
        self._name = name
        self._path = path
        self._catalog = catalog or Catalog()
        self._is_inspected = False

    def worlds(self) -> Sequence[World]:
        """Name the other worlds that would make a difference, as far as the first run tells."""
        if not any(item.rule == "not-analysable" for item in self.remarks):
            return ()
        if not self._is_inspected or self._catalog.is_live:
            return (World(finds=False),)
        return (World(finds=False, schema="empty"), World(schema="full"))

    def __call__(self, world: World) -> tuple[Statement, ...]:
        function = getattr(self._script.module, self._name)
        recorder, error = self._record(function, world)
        if error is None:
            self._note(recorder)
            return tuple(recorder.statements)
        if isinstance(error, EndlessError):
            recorder.remark("not-analysable", "it does not come to an end here", 0)
            self._note(recorder)
            return tuple(recorder.statements)
        # What fails is left out, so that all the others are seen.
        failed: list[BaseException] = []

        def note(error: BaseException) -> None:
            if isinstance(error, KeyboardInterrupt | EndlessError):
                raise error
            failed.append(error)

        patient = stepwise(self._script.module, self._name, self._path, note)
        recorder, error = self._record(patient, world)
        # Elsewhere it fails as it would with such a database.
        for item in (*failed, *([error] if error else ())) if world == FIRST else ():
            if not isinstance(item, BlockedError | EndsProcessError):  # Told by who raised it.
                recorder.remark("not-analysable", self._capture.explain(item), self._line(item))
        self._note(recorder)
        return tuple(recorder.statements)

    def _record(
        self, function: Callable[[], None], world: World
    ) -> tuple[Recorder, BaseException | None]:
        inspected = Inspected(self._catalog, self._path, world)
        dialect = InspectedDialect(inspected, Compiler)
        context = self._capture.context(dialect)
        recorder = Recorder(context, self._script.revision, str(self._path), world)
        inspected.listen(recorder)
        error: BaseException | None = None
        with (
            connected(recorder, dialect) as connection,
            self._capture.environment_context() as environment,
            Operations.context(context) as operations,
            # What it prints is not what the command that reads it answers.
            redirect_stdout(sys.stderr),
            guarded(lambda what: recorder.remark("side-effect", what), self._path.parent.parent),
        ):
            recorder.connection = context.connection = connection
            noting_lines(recorder, operations)
            environment._migration_context = context  # noqa: SLF001  what configure() would set
            try:
                with context.begin_transaction(_per_migration=True):
                    function()
            except (Exception, SystemExit, EndsProcessError, EndlessError) as raised:  # noqa: BLE001
                error = raised
            recorder.is_done = True
        self._is_inspected = self._is_inspected or inspected.is_asked
        return recorder, error

    def _line(self, error: BaseException) -> int:
        return line_of(error, str(self._path))

    def _note(self, recorder: Recorder) -> None:
        """Keep what there is to say, once for each line."""
        said = {(item.rule, item.line) for item in self.remarks}
        for item in recorder.remarks:
            if (item.rule, item.line) not in said:
                said.add((item.rule, item.line))
                self.remarks[item] = None


def _differs(found: Sequence[Statement], first: Sequence[Statement]) -> bool:
    """Tell whether a run has statements that the first one does not have."""
    return not {(item.line, item.sql) for item in found} <= {
        (item.line, item.sql) for item in first
    }
