"""Whose rows a statement may touch: the condition that each one on an owned table must contain.

Who asks is bound by the unit of work, as the parameter `owner`; NULL is nobody in particular, and
means all rows. Postgres folds the condition away then, as it knows the values when it plans.

Whoever names an owned table, by FROM, JOIN, UPDATE or DELETE, has to its alias in the WHERE of the
same query, joined by AND at the outermost level, either the condition (`{resource.owned}`), or for
a child its reference to a row of the parent that is kept to itself: in the same query, around it,
or in a CTE of plain columns. New rows take the owner by the condition or the parent's key. All else
is refused, also what might be right, such as an alias or a CTE with the name of an owned table.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol
from weakref import WeakKeyDictionary

from json_rows.reading_sql import (
    Arm,
    Block,
    Items,
    Relation,
    arms,
    blocks,
    ctes,
    inner,
    name_of,
    split,
    text_of,
)

PARAMETER = "%(owner)s"

SORT_KEY = "_key"
"""What the sort key of a page is called beside the columns of its rows."""


class OwnershipError(TypeError):
    """A statement names an owned table without saying whose rows it means."""


class _HasSql(Protocol):
    sql: str


@dataclass(frozen=True)
class Owner:
    """Whose the rows of a table are.

    `condition` is SQL for one row; `{row}` in it is the name by which a statement knows the row, as
    in `{row}.reader_id = %(owner)s`. A row of a child belongs to whom its parent's row belongs:
    `link` is what joins the two, as in `{row}.shelf_id = shelves.id`; `joined` says the same as the
    condition for one who asks, by a join: `{row}.shelf_id IN (SELECT shelves.id FROM shelves ...)`.
    """

    condition: str
    link: tuple[str, str, str] | None = None
    joined: str = ""

    def sql(self, row: str) -> str:
        """Write the condition for a row; whoever asks as nobody sees all of them."""
        return f"(%(owner)s::uuid IS NULL OR {self.condition.format(row=row)})"


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
            sql = re.sub(_written(owner), partial(_join, owner.joined), sql)
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
        _Reader().check(statement.sql)
    _CHECKED[statement] = len(_OWNERS)


@lru_cache(1024)
def check_text(sql: str) -> None:
    """Check SQL that somebody sends by hand; OwnershipError where it keeps to no owner."""
    if _OWNERS:
        _Reader().check(sql)


def _written(owner: Owner) -> str:
    """Write a pattern of a condition, whatever the row's name."""
    before, *after = map(re.escape, owner.sql("\0").split("\0"))
    row = r'(?P<row>(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)'
    return before + row + "(?P=row)".join(after)


def _mark(number: int, row: str) -> str:
    return f"§{number}:{row}§"


def _mark_one(number: int, found: re.Match[str]) -> str:
    return _mark(number, name_of(found["row"]))


class _Reader:
    """Reads statements, and refuses those that touch an owned table in a way not known as safe."""

    def __init__(self) -> None:
        self._tables = {name_of(table): table for table in _OWNERS}
        # Tables with one parent have one condition.
        self._conditions = list(dict.fromkeys(owner.condition for owner in _OWNERS.values()))

    def check(self, sql: str) -> None:
        try:
            for statement in blocks(self._marked(sql)):
                if statement.is_query:
                    self._query(statement, {})
                elif named := sorted(_names(statement) & self._tables.keys()):
                    message = f"names {named[0]} and is no query"
                    raise ValueError(message)  # noqa: TRY301  one message for all
        except ValueError as error:
            message = (
                f"A statement {error}: put {{resource.owned}} into its WHERE, joined by AND.\n{sql}"
            )
            raise OwnershipError(message) from None

    def _marked(self, sql: str) -> str:
        """Put a mark in place of each condition, so that the rest can be read block by block."""
        if "§" in sql:
            message = "has the character § in it"
            raise ValueError(message)
        for number, condition in enumerate(self._conditions):
            sql = re.sub(_written(Owner(condition)), partial(_mark_one, number), sql)
        return sql

    def _mark(self, table: str, row: str) -> str:
        return _mark(self._conditions.index(_OWNERS[self._tables[table]].condition), row)

    def _query(self, block: Block, outer: dict[str, str]) -> None:
        """Check a block, and what is inside; `outer` has tables that are known to be kept to."""
        known = dict(outer)
        for name, cte in ctes(block).items():
            if name in self._tables:
                message = f"calls a CTE {name}, as an owned table"
                raise ValueError(message)
            known[name] = ""
            self._query(cte, known)
            known[name] = self._made_of(cte, known)
        done = set(map(id, ctes(block).values()))
        for arm in arms(block):
            here = known | self._here(arm, known)
            for relation in arm.relations:
                if relation.name in self._tables and not self._is_kept(arm, relation, here):
                    message = f"names {relation.name} without saying whose rows it means"
                    raise ValueError(message)
            self._inside([item for item in arm.items if id(item) not in done], here)

    def _inside(self, items: Items, known: dict[str, str]) -> None:
        for block in inner(items):
            if block.is_query:
                self._query(block, known)
            else:
                self._inside(block.items, known)

    def _here(self, arm: Arm, known: dict[str, str]) -> dict[str, str]:
        """Tell by alias which owned table's rows an arm reads; "" for those of another."""
        here = {}
        for relation in arm.relations:
            name = relation.name
            table = name if name in self._tables else known.get(name, "") if name else ""
            if relation.query:
                table = self._made_of(relation.query, known)
            if relation.alias in self._tables and relation.alias != table:
                message = f"gives the name of {relation.alias} to other rows"
                raise ValueError(message)
            here[relation.alias] = table
        return here

    def _made_of(self, cte: Block, known: dict[str, str]) -> str:
        """Find the owned table whose rows a query has, key and all; "" where that is not plain."""
        found = arms(cte)
        if len(found) != 1 or not found[0].relations:
            return ""
        arm = found[0]
        relation = arm.relations[0]
        clause = "select" if arm.verb == "select" else "returning"
        own = rf'{re.escape(relation.alias)}\.(?:\*|"?\w+"?)'
        is_plain = all(
            list(item[-2:]) == ["as", SORT_KEY]
            or (re.fullmatch(own, text_of(item)) and "as" not in item)
            for item in arm.listed(clause)
        )
        return self._here(arm, known)[relation.alias] if is_plain else ""

    def _is_kept(self, arm: Arm, relation: Relation, here: dict[str, str]) -> bool:
        """Tell whether an arm keeps to the owner's rows of a table that it names."""
        if arm.verb == "insert" and relation.is_target:
            return self._is_kept_new(arm, relation, here) and self._is_kept_old(arm, relation)
        if arm.verb not in {"select", "insert", "update", "delete"}:
            return False
        conditions = list(map(text_of, arm.conjuncts()))
        if self._mark(relation.name, relation.alias) in conditions:
            return True
        return self._joins_parent(relation, conditions, here)

    def _joins_parent(
        self, relation: Relation, conditions: list[str], here: dict[str, str]
    ) -> bool:
        column, keys = self._parent_keys(relation, here)
        joined = f"{relation.alias}.{column}"
        return any(
            condition in {f"{joined}={key}", f"{key}={joined}"}
            for condition in conditions
            for key in keys
        )

    def _parent_keys(self, relation: Relation, here: dict[str, str]) -> tuple[str, set[str]]:
        """Find the column that refers to the parent, and the keys of its rows that an arm reads."""
        link = _OWNERS[self._tables[relation.name]].link
        if link is None:
            return "", set()
        column, parent, key = link
        return column, {
            f"{alias}.{key}" for alias, table in here.items() if table == name_of(parent)
        }

    def _is_kept_new(self, arm: Arm, relation: Relation, here: dict[str, str]) -> bool:
        """Tell whether new rows are the owner's: by a condition, or by the parent's key in them."""
        conditions = set(map(text_of, arm.conjuncts()))
        values = list(map(text_of, arm.listed("select")))
        for each in arm.relations:
            mark = self._mark(relation.name, each.alias)
            if not each.is_target and mark in conditions:
                return True
            if any(value.startswith(f"casewhen{mark}then") for value in values):
                return True
        column, keys = self._parent_keys(relation, here)
        names = next(inner(arm.clauses["target"]), Block()).items
        columns = [text_of(item) for item in split(names, ",")]
        return any(
            name == column and value in keys for name, value in zip(columns, values, strict=False)
        )

    def _is_kept_old(self, arm: Arm, relation: Relation) -> bool:
        """Tell whether a row that was there before is left alone, or has the same parent."""
        conflict = arm.clauses.get("conflict", [])
        if "update" not in conflict:
            return True
        link = _OWNERS[self._tables[relation.name]].link
        target = next(inner(conflict[2:3]), Block()).items
        return link is not None and text_of(target) == link[0]


def _names(block: Block) -> set[str]:
    """Find all words in a block that may be names."""
    found = {name_of(item) for item in block.items if isinstance(item, str) and item != "."}
    return found.union(*map(_names, inner(block.items)))
