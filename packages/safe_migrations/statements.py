"""SQL statements, as Postgres's own parser reads them, and the revisions that execute them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import postgast


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


Rule = Literal[
    "application-import", "breaks-nothing", "cannot-be-imported", "not-analysable", "side-effect"
]


@dataclass(frozen=True, slots=True)
class Remark:
    """A place in a revision that can't be seen through, or does something beside the database."""

    rule: Rule
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A revision and its statements.

    What it does may depend on what a database holds. `otherwise` are the statements that it
    executes where that is something else than what `statements` take for granted.
    """

    revision: str
    title: str
    path: Path
    statements: tuple[Statement, ...]
    otherwise: tuple[tuple[Statement, ...], ...] = ()
    remarks: tuple[Remark, ...] = ()


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
