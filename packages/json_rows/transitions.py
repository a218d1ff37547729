"""How a row goes from one state to another: under a lock, and only where it may."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, BindParameter, Select, bindparam, exists, false, select, true, update
from sqlmodel import SQLModel

from json_rows.changes import lock
from json_rows.members import CACHED_CHOICES, Members
from json_rows.models import for_database
from json_rows.rows import One, among, table_of
from json_rows.statement import Query, Row, Rows, Statement, as_json, version_of
from smorest_sqlmodel.errors import ConflictError, NotFoundError


class Transition:
    """The step of a row to another `status`, with all that it brings about.

    `transitions` says which states may follow which; without a `target` the row stays in its state,
    which must not be final. `values` are set in terms of the body, `locked` takes the lock (by
    default the row's own), and `effect` is another change that follows from the row's. The answer
    has the members of `summary`, or the `fields` of `read` that the client wants; `one` reads them
    again.
    """

    def __init__(
        self,
        noun: str,
        model: type[SQLModel],
        read: type[SQLModel],
        *,
        summary: type[SQLModel] | None = None,
        one: One,
        target: str | None,
        transitions: Mapping[Any, frozenset[Any]],
        values: Mapping[str, Any] | None = None,
        locked: Select[Any] | None = None,
        effect: Callable[[CTE], CTE] | None = None,
    ) -> None:
        table = table_of(model)
        self._members = Members(read, summary)
        key: BindParameter[Any] = bindparam("key")
        lock_first = lock(table, key) if locked is None else locked
        sources = [
            status
            for status, after in transitions.items()
            if (target in after if target else after)
        ]
        changed = (
            update(table)
            .values({**(values or {}), **({"status": target} if target else {})})
            .where(table.c.id == key, among(table.c.status, sources))
            .returning(*table.c)
            .cte("changed")
        )

        @lru_cache(CACHED_CHOICES)
        def statement(names: tuple[str, ...]) -> Statement:
            row = as_json(changed, names, version_of(changed), true(), changed.c.status)
            unchanged = as_json(table, names, version_of(table), false(), table.c.status).where(
                table.c.id == key, ~exists(select(changed.c.id))
            )
            both = row.union_all(unchanged)
            return Statement(lock_first, both.add_cte(effect(changed)) if effect else both)

        @lru_cache(CACHED_CHOICES)
        def outcome(names: tuple[str, ...]) -> Statement:
            there = as_json(table, names, version_of(table), true(), table.c.status)
            return Statement(there.where(table.c.id == key, table.c.status == target))

        self._statement = statement
        self._outcome = outcome
        self._judge = _judge(noun, target, transitions)
        self._one = one

    def query(
        self, key: UUID, body: SQLModel | None = None, *, fields: Sequence[str] | None = None
    ) -> Query:
        """Take the step; ConflictError from a state where it is not allowed."""
        text = for_database(body) if body else "{}"
        names = self._members.chosen(fields)
        return self._statement(names).query(
            {"key": key, "json": text},
            self._judge,
            outcome=self._outcome(names).query({"key": key}, self._judge),
            about=self._one.subject(key, names),
        )


def _judge(
    noun: str, target: str | None, transitions: Mapping[Any, frozenset[Any]]
) -> Callable[[Rows], Row]:
    """Judge the row of a transition: (json, version, changed, status).

    A row that was in the final target state already is returned as it is; one in any other state is
    a ConflictError that names the current and the allowed states.
    """

    def judge(rows: Rows) -> Row:
        if not rows:
            message = f"There is no such {noun}."
            raise NotFoundError(message)
        text, version, changed, status = rows[0]
        allowed = sorted(transitions[status])
        if changed or (status == target and not allowed):
            return Row(text, version, changed)
        onward = f"it can become {', '.join(allowed)}" if allowed else "that is final"
        message = f"The {noun} is {status}; {onward}."
        raise ConflictError(message, current=status, allowed=allowed)

    return judge
