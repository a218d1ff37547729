"""The SQL statements of revisions, found by running their functions without a database."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import postgast
from alembic.config import Config
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Insert, String, TextClause, literal, null, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import CompileError, NoInspectionAvailable
from sqlalchemy.schema import DDLElement
from sqlalchemy.types import NullType, TypeEngine
from typing_extensions import override

_BEGINS = {postgast.pg_query_pb2.TRANS_STMT_BEGIN, postgast.pg_query_pb2.TRANS_STMT_START}
_ENDS = {
    postgast.pg_query_pb2.TRANS_STMT_COMMIT,
    postgast.pg_query_pb2.TRANS_STMT_ROLLBACK,
    postgast.pg_query_pb2.TRANS_STMT_PREPARE,
}
# The module that executes what a Backfill amounts to, see `Backfill.run`.
_BACKFILL = "service.schema.backfill.definition"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement of a revision.

    `line` is where the revision's file executes it. `transaction` counts the revision's
    transactions from 1; it is None in an autocommit block, where each statement is its own.
    `is_batched` is that of a Backfill, which really runs in small batches. `tree` is what the
    parser of Postgres 18 makes of it, None where it can't tell; then `problem` says why.
    """

    revision: str
    sql: str
    line: int
    transaction: int | None
    is_batched: bool = False
    tree: Any = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """A revision and its statements.

    When the function can't run to its end without a database, `problem` says why, and `statements`
    are those up to there.
    """

    revision: str
    title: str
    path: Path
    statements: tuple[Statement, ...]
    problem: str | None = None
    problem_line: int = 0


class _NeedsDatabaseError(AttributeError):
    """The revision wants to know something of the database; `hasattr` may ask for it, too."""


class _NoResult:
    """What a query returns without a database: whoever looks into it can't go on."""

    def __getattr__(self, _name: str) -> NoReturn:
        raise _NeedsDatabaseError

    def __iter__(self) -> Iterator[Any]:
        raise _NeedsDatabaseError


def capture(directory: ScriptDirectory, script: Script, *, downgrade: bool = False) -> Captured:
    """Run a revision's `upgrade()`, or `downgrade()`, and collect its statements.

    Nothing that the revision does is an error here: `Captured.problem` tells of it.
    """
    path = Path(script.path)
    context = _context(directory)
    recorder = _Recorder(context, script.revision, str(path))
    function = getattr(script.module, "downgrade" if downgrade else "upgrade")
    problem, line = None, 0
    with (
        # To the revision it is online: what it does only then is what an upgrade will do.
        EnvironmentContext(Config(), directory) as environment,
        Operations.context(context) as operations,
        # What it prints is not what the command that reads it answers.
        redirect_stdout(sys.stderr),
    ):
        _noting_lines(recorder, operations)
        environment._migration_context = context  # noqa: SLF001  what configure() would set
        try:
            with context.begin_transaction(_per_migration=True):
                function()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a revision may do anything
            problem, line = _explain(error), _line_of(error, str(path))
    title = (script.doc or "").partition("\n")[0].rstrip(".")
    found = tuple(recorder.statements)
    return Captured(script.revision, title, path, found, problem, line)


def parsed(sql: str) -> Iterator[tuple[str, Any, str | None]]:
    """Split text into statements: the SQL of each, its tree, and why there is no tree."""
    try:
        result = postgast.parse(sql)
    except postgast.PgQueryError as error:
        yield sql, None, str(error)
        return
    source = sql.encode()
    for raw in result.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(source)
        yield _bare(source[raw.stmt_location : end].decode()), raw.stmt, None


_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)


def _bare(sql: str) -> str:
    return _COMMENTS.sub("", sql).strip().rstrip(";").rstrip()


class _Bind(MockConnection):
    """What `op.get_bind()` gives; the rest of a connection's methods end the capture."""

    def __getattr__(self, _name: str) -> NoReturn:
        raise _NeedsDatabaseError

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        """Take SQL as the driver would."""
        return self.execute(_driver_text(statement, parameters))

    def begin_nested(self) -> AbstractContextManager[None]:
        """Take a savepoint, which changes nothing about what its statements do."""
        return nullcontext()


# psycopg2's parameters, and its way to write a percent sign.
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)s|s|%)")


def _driver_text(statement: str, parameters: Any) -> TextClause:
    """Make a text() of what goes to psycopg2, with the values of its (first) parameters."""
    given = parameters[0] if isinstance(parameters, list) and parameters else parameters
    places = iter(given if isinstance(given, (list, tuple)) else ())
    values: dict[str, Any] = {}

    def replaced(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = f"p{len(values)}"
        values[name] = given[match["name"]] if match["name"] else next(places)
        return f":{name}"

    sql = _PLACEHOLDER.sub(replaced, statement.replace(":", "\\:"))
    return text(sql).bindparams(**values)


class _Recorder(PostgresqlImpl):
    """Takes the place of what executes a revision's statements."""

    # Without `__dialect__` of its own, Alembic does not take it for the one of Postgres.

    def __init__(self, context: MigrationContext, revision: str, path: str) -> None:
        super().__init__(
            context.dialect,
            connection=None,
            as_sql=True,
            transactional_ddl=None,
            output_buffer=io.StringIO(),
            context_opts={"literal_binds": True},
        )
        self.statements: list[Statement] = []
        self._revision = revision
        self._path = path
        self._line_in_batch: int | None = None
        self._transaction = 0
        self._is_open = False
        self._is_begun_by_revision = False
        context.impl = self
        # What op.get_bind() gives: unlike Alembic's, it takes parameters.
        mock: Any = _Bind(context.dialect, self._execute_on_bind)
        self.connection = context.connection = mock

    @override
    def emit_begin(self) -> None:
        self._transaction += 1
        self._is_open = True
        self._is_begun_by_revision = False

    @override
    def emit_commit(self) -> None:
        self._is_open = False

    @override
    def static_output(self, text: str) -> None:
        self._record(text)

    @override
    def _exec(
        self,
        construct: Any,
        execution_options: Any = None,
        multiparams: Any = None,
        params: Any = None,
    ) -> Any:
        given = multiparams[0] if multiparams else params
        self._record(
            self._compile(text(construct) if isinstance(construct, str) else construct, given)
        )
        return _NoResult()

    def _execute_on_bind(self, construct: Any, *multiparams: Any, **params: Any) -> Any:
        given = multiparams[0] if multiparams else params
        if isinstance(given, (list, tuple)):  # The same statement for several rows.
            given = given[0] if given else None
        return self._exec(construct, params=given)

    def _compile(self, construct: Any, params: Any) -> str:
        if params and isinstance(construct, TextClause):
            construct = construct.bindparams(**params)
        elif params and isinstance(construct, Insert):
            construct = construct.values({name: _typed(value) for name, value in params.items()})
        elif params:
            construct = construct.params(params)
        literal = {} if isinstance(construct, DDLElement) else {"literal_binds": True}
        return str(construct.compile(dialect=self.dialect, compile_kwargs=literal))

    def _record(self, sql: str) -> None:
        line, is_batched = self._place()
        if is_batched:
            self.emit_commit()
        for part, tree, problem in parsed(sql):
            is_control = tree is not None and tree.WhichOneof("node") == "transaction_stmt"
            if is_control and not self._ends_revisions_own(tree.transaction_stmt.kind):
                self._follow(tree.transaction_stmt.kind)
                continue
            transaction = self._transaction if self._is_open else None
            self.statements.append(
                Statement(self._revision, part, line, transaction, is_batched, tree, problem)
            )
            if is_control:
                self.emit_commit()
        if is_batched:
            self.emit_begin()

    def _ends_revisions_own(self, kind: int) -> bool:
        """Tell whether a statement ends the transaction that keeps the revision whole."""
        return kind in _ENDS and self._is_open and not self._is_begun_by_revision

    def _follow(self, kind: int) -> None:
        if kind in _BEGINS and not self._is_open:
            self.emit_begin()
            self._is_begun_by_revision = True
        elif kind in _ENDS:
            self.emit_commit()

    def _place(self) -> tuple[int, bool]:
        """Find the line of the revision's file that is being run, and whether it is a Backfill."""
        frame = sys._getframe(1)  # noqa: SLF001  as inspect does, but without reading files
        is_batched = False
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                return self._line_in_batch or frame.f_lineno, is_batched
            is_batched = is_batched or frame.f_globals.get("__name__") == _BACKFILL
            frame = frame.f_back  # type: ignore[assignment]
        return 0, is_batched


class _Batch(list[Any]):
    """The operations of a batch_alter_table, which run at its end, with the lines that ask."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        self._lines: list[int] = []

    @override
    def append(self, item: Any) -> None:
        self._lines.append(self._recorder._place()[0])  # noqa: SLF001
        super().append(item)

    @override
    def __iter__(self) -> Iterator[Any]:
        for line, item in zip(self._lines, super().__iter__(), strict=True):
            self._recorder._line_in_batch = line  # noqa: SLF001
            yield item
        self._recorder._line_in_batch = None  # noqa: SLF001


def _noting_lines(recorder: _Recorder, operations: Operations) -> None:
    """Let a batch_alter_table remember where each of its operations is asked for."""
    original = operations.batch_alter_table

    @contextmanager
    def batch_alter_table(*args: Any, **options: Any) -> Iterator[Any]:
        with original(*args, **options) as batch:
            batch.impl.batch = _Batch(recorder)
            yield batch

    operations.batch_alter_table = batch_alter_table  # type: ignore[method-assign]


class _Compiler(PGCompiler):
    """Writes values by their class where a column of `sa.column` has no type."""

    @override
    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        known = literal(value).type if isinstance(type_, NullType) else type_
        try:
            return str(super().render_literal_value(value, known))  # type: ignore[no-untyped-call]
        except CompileError:
            # A list, JSON and the like: what a value is decides nothing.
            return str(super().render_literal_value(str(value), String()))  # type: ignore[no-untyped-call]


def _typed(value: Any) -> Any:
    """Give a value the type of its class, as columns of `sa.table` may have none."""
    return null() if value is None else literal(value)


def _context(directory: ScriptDirectory) -> MigrationContext:
    options = {
        "as_sql": True,
        "literal_binds": True,
        "transaction_per_migration": True,
        "output_buffer": io.StringIO(),
        "script": directory,
    }
    # Any other style of parameters than the driver's: that one would double the percent signs.
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    dialect.statement_compiler = _Compiler  # type: ignore[assignment]
    return MigrationContext.configure(dialect=dialect, opts=options)


def _explain(error: BaseException) -> str:
    if isinstance(error, _NeedsDatabaseError | NoInspectionAvailable):
        return "it wants to know something of the database, which is not asked here"
    said = " ".join(str(error).split())
    return f"without a database it stops with {type(error).__name__}: {said[:200]}"


def _line_of(error: BaseException, path: str) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
