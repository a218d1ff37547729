"""Reads statements, and tells of each row that they name how much of it is kept to who asks.

To see a row, to change it and to own it are three conditions where owners share; each of them
means those before it, too.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from json_rows.owner import Owner, asked
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

SORT_KEY = "_key"
"""What the sort key of a page is called beside the columns of its rows."""


class Kept(IntEnum):
    """How much of a row is kept to who asks."""

    NO = 0
    KNOWN = 1
    """It may be anybody's: nothing that hangs on it is kept by that."""
    SEEN = 2
    CHANGED = 3
    OWN = 4


class Rows(NamedTuple):
    """Rows that an alias stands for: of which owned table, if any, and how they are kept."""

    table: str = ""
    kept: Kept = Kept.NO


def pattern_of(condition: str) -> str:
    """Write a pattern of a condition, whatever the row's name."""
    before, *after = map(re.escape, asked(condition, "\0").split("\0"))
    row = r'(?P<row>(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)'
    return before + row + "(?P=row)".join(after)


def _mark(number: int, row: str) -> str:
    return f"§{number}:{row}§"


def _mark_one(number: int, found: re.Match[str]) -> str:
    return _mark(number, name_of(found["row"]))


def _conditions(owner: Owner) -> dict[str, Kept]:
    """Tell how a row is kept by each condition on it; one that says more than one says the most."""
    known = {owner.known: Kept.KNOWN} if owner.known else {}
    if not owner.changing:
        return known | {owner.condition: Kept.OWN}
    return known | {
        owner.condition: Kept.SEEN,
        owner.changing: Kept.CHANGED,
        # Last: it may be the same.
        owner.owning: Kept.OWN,
    }


def _of_child(owner: Owner, parent: Kept) -> Kept:
    """Tell how a child's rows are kept by how their parent's row is."""
    if parent == Kept.KNOWN:
        return Kept.NO
    return Kept.SEEN if owner.by_owner and parent in {Kept.SEEN, Kept.CHANGED} else parent


class Reader:
    """Reads statements, and refuses those that touch an owned table in a way not known as safe."""

    def __init__(self, owners: Mapping[str, Owner]) -> None:
        """Take whose rows are, by the table's name in SQL."""
        self._owners = {name_of(table): owner for table, owner in owners.items()}
        # Tables with one parent have one condition.
        every = [condition for owner in owners.values() for condition in _conditions(owner)]
        self._conditions = list(dict.fromkeys(every))

    def check(self, sql: str) -> None:
        """Raise ValueError for a statement that does not keep to whose rows are: it `names ...`."""
        for statement in blocks(self._marked(sql)):
            if statement.is_query:
                self._query(statement, {})
            elif named := sorted(_names(statement) & self._owners.keys()):
                message = f"names {named[0]} and is no query"
                raise ValueError(message)

    def _marked(self, sql: str) -> str:
        """Put a mark in place of each condition, so that the rest can be read block by block."""
        if "§" in sql:
            message = "has the character § in it"
            raise ValueError(message)
        for number, condition in enumerate(self._conditions):
            sql = re.sub(pattern_of(condition), partial(_mark_one, number), sql)
        return sql

    def _marks(self, table: str, row: str) -> dict[str, Kept]:
        """Tell by which marks a row of a table is kept, and how."""
        return {
            _mark(self._conditions.index(condition), row): kept
            for condition, kept in _conditions(self._owners[table]).items()
        }

    def _query(self, block: Block, outer: dict[str, Rows]) -> None:
        """Check a block, and what is inside; `outer` has tables that are known to be kept to."""
        known = dict(outer)
        for name, cte in ctes(block).items():
            if name in self._owners:
                message = f"calls a CTE {name}, as an owned table"
                raise ValueError(message)
            known[name] = Rows()
            self._query(cte, known)
            known[name] = self._made_of(cte, known)
        done = set(map(id, ctes(block).values()))
        for arm in arms(block):
            here = known | self._here(arm, known)
            for relation in arm.relations:
                if relation.name in self._owners:
                    self._demand(arm, relation, here)
            self._inside([item for item in arm.items if id(item) not in done], here)

    def _inside(self, items: Items, known: dict[str, Rows]) -> None:
        for block in inner(items):
            if block.is_query:
                self._query(block, known)
            else:
                self._inside(block.items, known)

    def _demand(self, arm: Arm, relation: Relation, here: dict[str, Rows]) -> None:
        """Raise ValueError where an arm keeps too little to whose the rows of a table are."""
        kept = self._kept(arm, relation, here)
        if kept == Kept.NO:
            message = f"names {relation.name} without saying whose rows it means"
            raise ValueError(message)
        if relation.is_target and kept < Kept.CHANGED:
            message = f"changes {relation.name} where it may only be seen"
            raise ValueError(message)

    def _here(self, arm: Arm, known: dict[str, Rows]) -> dict[str, Rows]:
        """Tell by alias which rows an arm reads."""
        here: dict[str, Rows] = {}
        for relation in arm.relations:
            name = relation.name
            rows = Rows(name) if name in self._owners else known.get(name, Rows())
            rows = self._made_of(relation.query, known) if relation.query else rows
            if relation.alias in self._owners and relation.alias != rows.table:
                message = f"gives the name of {relation.alias} to other rows"
                raise ValueError(message)
            here[relation.alias] = rows
        # A child is kept by its parent, which may be named after it.
        owned = [each for each in arm.relations if each.name in self._owners]
        for _ in owned:
            for relation in owned:
                kept = self._kept(arm, relation, known | here)
                here[relation.alias] = Rows(relation.name, kept)
        return here

    def _made_of(self, cte: Block, known: dict[str, Rows]) -> Rows:
        """Find the owned table whose rows a query has, key and all; none where it is not plain."""
        found = arms(cte)
        if len(found) != 1 or not found[0].relations:
            return Rows()
        arm = found[0]
        relation = arm.relations[0]
        clause = "select" if arm.verb == "select" else "returning"
        own = rf'{re.escape(relation.alias)}\.(?:\*|"?\w+"?)'
        is_plain = all(
            list(item[-2:]) == ["as", SORT_KEY]
            or (re.fullmatch(own, text_of(item)) and "as" not in item)
            for item in arm.listed(clause)
        )
        return self._here(arm, known)[relation.alias] if is_plain else Rows()

    def _kept(self, arm: Arm, relation: Relation, here: dict[str, Rows]) -> Kept:
        """Tell how an arm keeps to whose the rows of a table are that it names."""
        if arm.verb == "insert" and relation.is_target:
            new = self._kept_new(arm, relation, here)
            return new if self._leaves_old(arm, relation) else Kept.NO
        if arm.verb not in {"select", "insert", "update", "delete"}:
            return Kept.NO
        conditions = list(map(text_of, arm.conjuncts()))
        marks = self._marks(relation.name, relation.alias)
        kept = [marks[condition] for condition in conditions if condition in marks]
        column, keys = self._parent_keys(relation, here)
        joined = f"{relation.alias}.{column}"
        kept += [
            by_parent
            for key, by_parent in keys.items()
            if not {f"{joined}={key}", f"{key}={joined}"}.isdisjoint(conditions)
        ]
        return max(kept, default=Kept.NO)

    def _parent_keys(
        self, relation: Relation, here: dict[str, Rows]
    ) -> tuple[str, dict[str, Kept]]:
        """Find the column that refers to the parent, and the keys of its rows that an arm reads."""
        owner = self._owners[relation.name]
        if owner.link is None:
            return "", {}
        column, parent, key = owner.link
        return column, {
            f"{alias}.{key}": _of_child(owner, rows.kept)
            for alias, rows in here.items()
            if rows.table == name_of(parent)
        }

    def _kept_new(self, arm: Arm, relation: Relation, here: dict[str, Rows]) -> Kept:
        """Tell how new rows are kept: by a condition, or by the parent's key in them."""
        conditions = set(map(text_of, arm.conjuncts()))
        values = list(map(text_of, arm.listed("select")))
        kept = [Kept.NO]
        for each in arm.relations:
            for mark, by_mark in self._marks(relation.name, each.alias).items():
                is_condition = not each.is_target and mark in conditions
                if is_condition or any(value.startswith(f"casewhen{mark}then") for value in values):
                    kept.append(by_mark)
        column, keys = self._parent_keys(relation, here)
        names = next(inner(arm.clauses["target"]), Block()).items
        columns = [text_of(item) for item in split(names, ",")]
        given = zip(columns, values, strict=False)
        kept += [keys[value] for name, value in given if name == column and value in keys]
        return max(kept)

    def _leaves_old(self, arm: Arm, relation: Relation) -> bool:
        """Tell whether a row that was there before is left alone, or has the same parent."""
        conflict = arm.clauses.get("conflict", [])
        if "update" not in conflict:
            return True
        link = self._owners[relation.name].link
        target = next(inner(conflict[2:3]), Block()).items
        return link is not None and text_of(target) == link[0]


def _names(block: Block) -> set[str]:
    """Find all words in a block that may be names."""
    found = {name_of(item) for item in block.items if isinstance(item, str) and item != "."}
    return found.union(*map(_names, inner(block.items)))
