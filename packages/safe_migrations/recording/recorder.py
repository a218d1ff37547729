"""Takes the place of what executes a revision's statements, and notes them."""

import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import postgast
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Insert, String, TextClause, literal, null, text
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.exc import CompileError
from sqlalchemy.schema import DDLElement
from sqlalchemy.types import NullType, TypeEngine
from typing_extensions import override

from safe_migrations.recording.world import FIRST, World
from safe_migrations.statements import Remark, Rule, Statement, parsed

_BEGINS = {postgast.pg_query_pb2.TRANS_STMT_BEGIN, postgast.pg_query_pb2.TRANS_STMT_START}
_ENDS = {
    postgast.pg_query_pb2.TRANS_STMT_COMMIT,
    postgast.pg_query_pb2.TRANS_STMT_ROLLBACK,
    postgast.pg_query_pb2.TRANS_STMT_PREPARE,
}
# Guesses in one run of a revision.
_ENDLESS = 10_000
_ONLY_THERE = "that only a database knows"
# The module that executes what a Backfill amounts to, see `Backfill.run`.
_BACKFILL = "safe_migrations.backfill.definition"


class EndlessError(BaseException):
    """The revision goes on and on."""


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


class Recorder(PostgresqlImpl):
    """Takes the place of what executes a revision's statements."""

    # Without `__dialect__` of its own, Alembic does not take it for the one of Postgres.

    def __init__(
        self, context: MigrationContext, revision: str, path: str, world: World = FIRST
    ) -> None:
        super().__init__(
            context.dialect,
            connection=None,
            as_sql=True,
            transactional_ddl=None,
            output_buffer=io.StringIO(),
            context_opts={"literal_binds": True},
        )
        self.statements: list[Statement] = []
        self.remarks: dict[Remark, None] = {}
        self.world = world
        self.known_columns: Callable[[str], Sequence[str]] = lambda _: ()
        self.is_done = False
        self._revision = revision
        self._path = path
        self._line_in_batch: int | None = None
        self._transaction = 0
        self._is_open = False
        self._is_begun_by_revision = False
        self._visits: Counter[object] = Counter()
        context.impl = self

    def remark(self, rule: Rule, why: str, line: int | None = None) -> None:
        """Note something of the line that runs, or of another one."""
        self.remarks[Remark(rule, self._place()[0] if line is None else line, why)] = None

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
    ) -> None:
        given = multiparams[0] if multiparams else params
        self.construct(text(construct) if isinstance(construct, str) else construct, given)

    def construct(self, construct: Any, parameters: Any) -> str:
        """Note something of SQLAlchemy's."""
        sql = self._compile(construct, parameters)
        self._record(sql)
        return sql

    def with_values(self, sql: str, parameters: Any) -> str:
        """Put values into text for psycopg2."""
        return self._compile(_driver_text(sql, parameters), None) if parameters else sql

    def driver_sql(self, sql: str, parameters: Any) -> str:
        """Note text for psycopg2."""
        sql = self.with_values(sql, parameters)
        self._record(sql)
        return sql

    def decide(self, what: str) -> bool:
        """Guess, and note it; the same place is answered in turns, so that loops come to an end."""
        self.remark("not-analysable", f"what it does depends on {what} {_ONLY_THERE}")
        place = ("guess", *self._instruction())
        self._visits[place] += 1
        if self._visits.total() > _ENDLESS:
            raise EndlessError
        return self.world.finds == (self._visits[place] % 2 == 1)

    def finds(self, sql: str) -> bool:
        """Find a row the first time, in a world where there are rows."""
        self.remark("not-analysable", f"what it does depends on the rows {_ONLY_THERE}")
        place = ("rows", self._place()[0], sql)
        self._visits[place] += 1
        if self._visits.total() > _ENDLESS:
            raise EndlessError
        return self.world.finds and self._visits[place] == 1

    def columns(self, table: str) -> Sequence[str]:
        """Name the columns of a table."""
        return self.known_columns(table)

    def missing(self, name: str) -> None:
        """Note a member of psycopg2's that nobody knows here."""
        self.remark("not-analysable", f"nobody knows here what `{name}` does")

    def committed(self) -> None:
        """Begin the next transaction: the connection's commit() keeps what has been done."""
        if self._is_open:
            self.emit_commit()
            self.emit_begin()

    def rolled_back(self) -> None:
        """Note it as the statement that it is."""
        if not self.is_done:
            self._record("ROLLBACK")
            self.emit_begin()

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

    def _instruction(self) -> tuple[int, int]:
        """Find where exactly the revision's file is being run."""
        frame = sys._getframe(1)  # noqa: SLF001  as inspect does, but without reading files
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                return frame.f_lineno, frame.f_lasti
            frame = frame.f_back  # type: ignore[assignment]
        return 0, 0

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

    def __init__(self, recorder: Recorder) -> None:
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


def noting_lines(recorder: Recorder, operations: Operations) -> None:
    """Let a batch_alter_table remember where each of its operations is asked for."""
    original = operations.batch_alter_table

    @contextmanager
    def batch_alter_table(*args: Any, **options: Any) -> Iterator[Any]:
        with original(*args, **options) as batch:
            batch.impl.batch = _Batch(recorder)
            yield batch

    operations.batch_alter_table = batch_alter_table  # type: ignore[method-assign]


class Compiler(PGCompiler):
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


def line_of(error: BaseException, path: str) -> int:
    """Find the line of a file that an error comes through; 0 when it does not."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
