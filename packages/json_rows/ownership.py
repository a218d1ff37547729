"""Whose rows a statement may touch: the condition that each one on an owned table must contain.

Who asks is bound by the unit of work, as the parameter `owner`; NULL is nobody in particular, and
means all rows. Postgres folds the condition away then, as it knows the values when it plans.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol
from weakref import WeakSet

PARAMETER = "%(owner)s"


class OwnershipError(TypeError):
    """A statement names an owned table without saying whose rows it means."""


class _HasSql(Protocol):
    sql: str


@dataclass(frozen=True)
class Owner:
    """Whose the rows of a table are.

    `condition` is SQL for one row; `{row}` in it is the name by which a statement knows the row, as
    in `{row}.reader_id = %(owner)s`. A row of a child belongs to whom its parent's row belongs:
    `link` is what joins the two, as in `{row}.shelf_id = shelves.id`.
    """

    condition: str
    link: tuple[str, str, str] | None = None

    def sql(self, row: str) -> str:
        """Write the condition for a row; whoever asks as nobody sees all of them."""
        return f"(%(owner)s::uuid IS NULL OR {self.condition.format(row=row)})"

    def is_kept(self, word: str, row: str, block: str) -> bool:
        """Tell whether a block of SQL keeps to the owner's rows, or joins the parent's row.

        `word` is what stands before the table: a new row (INTO) is as `given`, or its parent's.
        """
        is_new = word.upper() == "INTO"
        if _marked(self.condition, "given" if is_new else row) in block:
            return True
        if self.link is None:
            return False
        column, parent, key = self.link
        joined = rf"{re.escape(row)}\.{column} = (?:{re.escape(parent)}|{_OURS})\.{key}\b"
        return bool(re.search(rf"(?:FROM|,)\s+(?:{_OURS})\b" if is_new else joined, block))


_OURS = "changed|added|gone|parent|page"
"""The CTEs and subqueries of statements that hold rows which have been found to be the owner's."""

_OWNERS: dict[str, Owner] = {}
_STATEMENTS: WeakSet[_HasSql] = WeakSet()
_DECLARED: list[Callable[[], object]] = []

_TABLE = re.compile(
    r'(\b(?:FROM|JOIN|USING|INTO|UPDATE)|,)\s+(?:ONLY\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)'
    r"(?:\s+(?:AS\s+)?(?!(?:WHERE|SET|ON|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|GROUP|ORDER|LIMIT"
    r"|FOR|RETURNING|USING|VALUES|SELECT|UNION|EXCEPT|HAVING|WINDOW|OFFSET|FETCH|AND)\b)(\w+))?",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_TEXT = re.compile(r"'[^']*'")


def own(table: str, owner: Owner) -> None:
    """Note whose the rows of a table are, by its name in SQL."""
    _OWNERS[table] = owner


def owner_of(table: str) -> Owner | None:
    """Find whose the rows of a table are; None for everybody's."""
    return _OWNERS.get(table)


def declare(build: Callable[[], object]) -> None:
    """Note how to build statements that are otherwise built when a request first needs them."""
    _DECLARED.append(build)


def check_all() -> None:
    """Check all statements that are known; OwnershipError for the first that keeps to no owner."""
    for build in _DECLARED:
        build()
    for statement in list(_STATEMENTS):
        _check(statement.sql)


def check(statement: _HasSql) -> None:
    """Check a statement against the owners that are known by now, and again when all are."""
    _STATEMENTS.add(statement)
    _check(statement.sql)


@lru_cache(1024)
def check_text(sql: str) -> None:
    """Check SQL that somebody sends by hand; OwnershipError where it keeps to no owner."""
    _check(sql)


def _marked(condition: str, row: str) -> str:
    """Name a condition about a row, without the parentheses that end a block."""
    return f"<{abs(hash(condition))} {row}>"


def _check(sql: str) -> None:
    for block in _blocks(_mark(_TEXT.sub("''", sql))):
        for word, table, alias in _TABLE.findall(block):
            owner = _OWNERS.get(table)
            if owner is None or owner.is_kept(word, alias or table.rpartition(".")[2], block):
                continue
            message = (
                f"A statement names {table} without saying whose rows it means: put "
                f"{{resource.owned}} into its WHERE.\n{sql}"
            )
            raise OwnershipError(message)


def _mark(sql: str) -> str:
    """Put a mark in place of each condition, so that the rest can be read block by block."""
    for owner in _OWNERS.values():
        before, *after = map(re.escape, owner.sql("\0").split("\0"))
        pattern = before + r"(?P<row>\w+)" + "(?P=row)".join(after)
        sql = re.sub(pattern, partial(_mark_one, owner.condition), sql)
    return sql


def _mark_one(condition: str, found: re.Match[str]) -> str:
    return _marked(condition, found["row"])


def _blocks(sql: str) -> Iterator[str]:
    """Take SQL apart at its parentheses: each block without those inside of it."""
    for whole in sql.split(";"):
        rest = whole
        while found := _PARENTHESES.search(rest):
            yield found[1]
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"
        yield from re.split(r"\bUNION ALL\b", rest)
