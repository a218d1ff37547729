"""Whose rows a statement may touch: the condition that each one on an owned table must contain.

Who asks is bound by the unit of work, as the parameter `owner`; NULL is nobody in particular, and
means all rows. Postgres folds the condition away then, as it knows the values when it plans.

Whoever names an owned table, by FROM, JOIN, UPDATE or DELETE, has to its alias in the WHERE of the
same query, joined by AND at the outermost level, either the condition (`{resource.owned}`; to
read what people are known by, where the resource allows it, `{resource.anybodys}`), or for
a child its reference to a row of the parent that is kept to itself: in the same query, around it,
or in a CTE of plain columns. New rows take the owner by the condition or the parent's key. Rows
that some may only see are changed, and given children, under `{resource.writable}` or
`{resource.theirs}`, their own or, again, their parent's. All else is refused, also what might be
right, such as an alias or a CTE with the name of an owned table.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Protocol
from weakref import WeakKeyDictionary

from json_rows.owner import Owner
from json_rows.ownership_reader import Reader, pattern_of


class OwnershipError(TypeError):
    """A statement names an owned table without saying whose rows it means."""


class _HasSql(Protocol):
    sql: str


_OWNERS: dict[str, Owner] = {}
_CHECKED: WeakKeyDictionary[_HasSql, int] = WeakKeyDictionary()
_DECLARED: list[Callable[[], object]] = []


def own(table: str, owner: Owner) -> None:
    """Note whose the rows of a table are, by its name in SQL; TypeError for a second opinion."""
    if _OWNERS.setdefault(table, owner) != owner:
        message = f"Rows of {table} have another owner by now: one condition says whose they are."
        raise TypeError(message)


def owner_of(table: str) -> Owner | None:
    """Find whose the rows of a table are; None for everybody's."""
    return _OWNERS.get(table)


@lru_cache(1024)
def of_somebody(sql: str) -> str:
    """Write a list as it is best sent for somebody who asks: by joins with what is theirs.

    Postgres then begins with that or with the order of the list, whichever finds the page sooner.
    A condition beside OR leaves no choice: among 300,000 rows the ten of one person take 0.4 s.
    """
    for owner in _OWNERS.values():
        if owner.joined:
            sql = re.sub(pattern_of(owner.condition), partial(_join, owner.joined), sql)
    return sql


def _join(joined: str, found: re.Match[str]) -> str:
    return joined.format(row=found["row"])


def declare(build: Callable[[], object]) -> None:
    """Note how to build statements that are otherwise built when a request first needs them."""
    _DECLARED.append(build)


def check_all() -> None:
    """Check all statements that are known; OwnershipError for the first that keeps to no owner."""
    for build in _DECLARED:
        build()
    for statement, owners in list(_CHECKED.items()):
        if owners < len(_OWNERS):
            check(statement)


def check(statement: _HasSql) -> None:
    """Check a statement against the owners that are known by now, and again when all are."""
    if _OWNERS:
        _check(statement.sql)
    _CHECKED[statement] = len(_OWNERS)


@lru_cache(1024)
def check_text(sql: str) -> None:
    """Check SQL that somebody sends by hand; OwnershipError where it keeps to no owner."""
    if _OWNERS:
        _check(sql)


def _check(sql: str) -> None:
    try:
        Reader(_OWNERS).check(sql)
    except ValueError as error:
        message = (
            f"A statement {error}: put {{resource.owned}} into its WHERE, joined by AND, or "
            f"{{resource.writable}} to change rows that are shared.\n{sql}"
        )
        raise OwnershipError(message) from None
