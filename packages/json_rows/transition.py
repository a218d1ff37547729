"""Rows that clients bring to another state."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.changing import answered
from json_rows.declared import comes_again, nothing_lost
from json_rows.frame import (
    differing,
    is_in,
    judge,
    judge_repeated,
    unless_read_only,
    where,
    written,
)
from json_rows.members import CACHED_CHOICES
from json_rows.resource import Resource
from json_rows.statement import Query, Statement, json_names, quoted
from json_rows.values import visible
from smorest_sqlmodel.errors import ApiError, ConflictError, FieldError


class Transition:
    """A row goes to another state, with all that it brings about, under a lock.

    The resource's `states` say from where; without `to` the row stays in its state, which must not
    be final. `when` is a condition besides, such as that the body is about what is so now. The
    columns of the body's names are taken over, unless `values` has SQL for them, and except the
    key: an `id` is that of the request. The body is the CTE `given`. `parent_values` are set of the
    parent's row, and `also` are further CTEs; both find the row in `changed`.

    `done` is SQL that recognises that the transition was made before, by an attempt whose reply was
    lost or by an earlier request: it is then not made again, wherever the row is by now, which is
    shown. It goes by an id in the body where a state can come again. Without it an attempt is
    recognised by the state, and a request that comes again is shown the row where the state is
    final, and is a conflict where it is not.

    One that comes again with other values is a conflict, which points to them; what it leaves out
    may have any value. They are compared with the columns of their names, unless there is `done`;
    `other` is SQL for an array of what else differs (`frame.differing` writes one).
    `told` are members that a conflict has besides: SQL by name, left out where it is NULL. Raises
    TypeError where the state can come again, no state leads to it, or a member of the body would be
    lost.
    """

    def __init__(
        self,
        resource: Resource,
        body: type[SQLModel] | None = None,
        *,
        to: Any = None,
        when: str = "true",
        values: Mapping[str, str] | None = None,
        parent_values: Mapping[str, str] | None = None,
        also: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        done: str | None = None,
        other: str | None = None,
        told: Mapping[str, str] | None = None,
    ) -> None:
        self._resource = resource
        self._body = body
        self._to = to
        self._when = when
        self._values = dict(values or {})
        self._parent_values, self._also, self._more = parent_values, dict(also or {}), more
        self._told = dict(told or {})
        self._is_recognised = done is not None
        self._done = done or (f"{resource.column('status')} = '{to}'" if to else None)
        own = [] if done else [differing(self._taken(), "given", resource.name)]
        self._other = " || ".join([*own, other] if other else own) or "'{}'::text[]"
        self._refuse_what_can_not_be(done)
        self._judge = judge(resource.noun, self._refusal)
        self._statement = lru_cache(CACHED_CHOICES)(self._written)
        self._outcome = lru_cache(CACHED_CHOICES)(self._found)
        ownership.declare(lambda: self._statement(resource.members.usual))
        if self._done:
            ownership.declare(lambda: self._outcome(resource.members.usual))

    def query(
        self, key: UUID, body: SQLModel | None = None, *, fields: Sequence[str] | None = None
    ) -> Query:
        """Make the transition; ConflictError from a state where it is not allowed."""
        members = self._resource.members
        names = members.chosen(fields, members.usual)
        parameters = {"key": key, "json": written(body) if body else "{}"}

        def outcome() -> Query:
            return Query(self._outcome(names), parameters, judge_repeated)

        return Query(
            self._statement(names),
            parameters,
            self._judge,
            outcome if self._done else None,
            repeatable=self._is_recognised,
            about=self._resource.subject(key, names),
        )

    def _refuse_what_can_not_be(self, done: str | None) -> None:
        to, noun, states = self._to, self._resource.noun, self._resource.states
        if not any(to in after if to else after for after in states.values()):
            found = f"none leads to {to}" if to else "all are final"
            message = f"Of the states of {self._resource.table.name} {found}."
            raise TypeError(message)
        if to and not done and comes_again(to, states):
            message = f"A {noun} can be {to} again: `done` must tell whose doing it was."
            raise TypeError(message)
        if self._body:
            read = [*self._values.values(), *self._also.values(), done or ""]
            nothing_lost(self._resource.table, self._body, read, kept=self._resource.key)

    def _taken(self) -> list[str]:
        """Name the columns that the body's members are taken over into."""
        table, names = self._resource.table, json_names(self._body) if self._body else ()
        return [name for name in names if name in table.columns and name != self._resource.key]

    def _written(self, names: tuple[str, ...]) -> Statement:
        resource = self._resource
        ctes, source = resource.given(is_shared=True) if self._body else ({}, "")
        ctes["changed"] = self._changed(source)
        if resource.parent and self._parent_values is not None:
            ctes["parent"] = _parent_of_changed(resource, resource.parent, self._parent_values)
        left = where(resource.is_one(), "NOT EXISTS (SELECT FROM changed)")
        made = "true, changed.status, NULL::text[], NULL::json"
        changed = answered(resource, "changed", names, made, self._more)
        state = unless_read_only(resource.column("status"), resource.writable)
        refused = f"false, {state}, {self._differing()}, {self._written_told()}"
        unchanged = answered(resource, resource.name, names, refused)
        return Statement(
            f"{changed}\nUNION ALL {unchanged}{source and f', {source}'} WHERE {left}",
            first=[resource.lock_to_write()],
            ctes=ctes | self._also,
        )

    def _changed(self, source: str) -> str:
        resource, states = self._resource, self._resource.states
        sources = [
            str(state)
            for state, after in states.items()
            if (self._to in after if self._to else after)
        ]
        values = {
            name: visible(resource, name, f"given.{quoted(name)}") for name in self._taken()
        } | self._values
        if self._to:
            values["status"] = f"'{self._to}'"
        found = where(
            resource.is_one(),
            resource.writable,
            is_in(resource.column("status"), sources),
            f"({self._done}) IS NOT TRUE" if self._is_recognised else "true",
            self._when,
        )
        return (
            f"UPDATE {resource.name} SET {resource.touched(values)}\n"
            f"{source and f'FROM {source} '}WHERE {found} RETURNING {resource.name}.*"
        )

    def _found(self, names: tuple[str, ...]) -> Statement:
        """Find the row, if the transition was made with the same values."""
        resource = self._resource
        answer = answered(resource, resource.name, names, f"true, {resource.column('status')}")
        source = f", {resource.given(is_shared=False)[1]}" if self._body else ""
        is_same = f"cardinality({self._other}) = 0"
        found = where(resource.is_one(), self._done or "true", is_same)
        return Statement(f"{answer}{source} WHERE {found}")

    def _differing(self) -> str:
        """Write which members differ from when the transition was made; NULL where it was not."""
        is_final = self._to and not self._resource.states.get(self._to)
        if not (self._is_recognised or is_final):
            return "NULL::text[]"
        return f"CASE WHEN {self._done} THEN {self._other} END"

    def _written_told(self) -> str:
        if not self._told:
            return "NULL::json"
        members = ", ".join(f"'{name}', {sql}" for name, sql in self._told.items())
        return f"json_strip_nulls(json_build_object({members}))"

    def _refusal(
        self, _: object, state: str, other: list[str] | None, told: bytes | None
    ) -> ApiError | None:
        """Refuse a transition, unless it was made before with the same values."""
        if other is not None and not other:
            return None
        allowed = sorted(self._resource.states[state])
        members = {**json.loads(told or "{}"), "current": state, "allowed": allowed}
        if other:
            said = f"The {self._resource.noun} became {self._to} with other values before."
            wrong = "is not what it was then"
            errors = [FieldError("body", f"/{name}", "differs", wrong) for name in other]
            return ConflictError(said, errors=errors, **members)
        onward = f"it can become {', '.join(allowed)}" if allowed else "that is final"
        if self._to in allowed:
            onward = "but not as this request takes it to be"
        message = f"The {self._resource.noun} is {state}; {onward}."
        return ConflictError(message, **members)


def _parent_of_changed(resource: Resource, parent: Resource, values: Mapping[str, str]) -> str:
    found = f"{parent.column(parent.key)} = changed.{quoted(resource.link)}"
    return (
        f"UPDATE {parent.name} SET {parent.touched(values)}\nFROM changed "
        f"WHERE {where(found, parent.owned, parent.writable)} RETURNING {parent.column(parent.key)}"
    )
