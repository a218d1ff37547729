"""Rows that clients change: columns, in a version that they have seen, or the state."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.declared import nothing_lost
from json_rows.frame import is_in, judge, where, written
from json_rows.members import CACHED_CHOICES
from json_rows.resource import Resource
from json_rows.statement import CACHED_STATEMENTS, Query, Statement, json_name, json_names, quoted
from json_rows.values import visible
from smorest_sqlmodel.errors import ApiError, ConflictError, PreconditionFailedError


class Changed:
    """A row of which a client changes some columns; its version is one higher after.

    With `versions` (from If-Match) the row must have one of them, else PreconditionFailedError.
    `values` has SQL for columns that are set besides, `also` further CTEs, which find the row in
    `changed`. The answer has the resource's usual members, or the `fields` that the client wants.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        values: Mapping[str, str] | None = None,
        also: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._resource = resource
        self._values, self._also, self._more = dict(values or {}), dict(also or {}), more
        self._judge = judge(resource.noun, partial(has_changed, resource.noun))
        self._statement = lru_cache(CACHED_STATEMENTS)(self._written)
        self._outcome = lru_cache(CACHED_STATEMENTS)(self._found)
        ownership.declare(lambda: self._statement((), resource.members.usual))

    def query(
        self,
        key: UUID,
        body: SQLModel,
        versions: Sequence[int] | None = None,
        fields: Sequence[str] | None = None,
    ) -> Query:
        """Change the columns that the body has, and no others."""
        members = self._resource.members
        shown = members.chosen(fields, members.usual)
        names = tuple(json_name(type(body), name) for name in sorted(body.model_fields_set))
        text = written(body, only_given=True)
        parameters = {"key": key, "json": text, "versions": versions}

        def outcome() -> Query:
            return Query(self._outcome(names, shown), parameters, self._judge)

        is_found = names and versions is not None
        return Query(
            self._statement(names, shown), parameters, self._judge, outcome if is_found else None
        )

    def _written(self, names: tuple[str, ...], shown: tuple[str, ...]) -> Statement:
        resource = self._resource
        found = where(resource.is_one(), resource.is_current())
        body = {name: visible(resource, name, f"given.{quoted(name)}") for name in names}
        ctes = {"changed": f"SELECT {resource.name}.* FROM {resource.name} WHERE {found}"}
        if names:
            values = resource.touched(body | self._values)
            ctes, source = resource.given(is_shared=bool(self._also))
            ctes["changed"] = (
                f"UPDATE {resource.name} SET {values}\nFROM {source} WHERE {found} "
                f"RETURNING {resource.name}.*"
            )
        left = where(resource.is_one(), "NOT EXISTS (SELECT FROM changed)")
        answer = answered(resource, "changed", shown, "true, NULL::text", self._more)
        refused = (
            f"SELECT NULL::json, {resource.version()}, false, NULL::text "
            f"FROM {resource.name} WHERE {left}"
        )
        return Statement(
            f"{answer}\nUNION ALL {refused}",
            first=[resource.lock_to_write()],
            ctes=ctes | self._also,
        )

    def _found(self, names: tuple[str, ...], shown: tuple[str, ...]) -> Statement:
        """Find the row as an attempt whose reply was lost has left it."""
        resource = self._resource
        same = [
            f"{resource.column(name)} IS NOT DISTINCT FROM given.{quoted(name)}" for name in names
        ]
        before = f"{resource.version()} - 1 = ANY(%(versions)s::int[])"
        answer = answered(resource, resource.name, shown, "true, NULL::text")
        found = where(resource.is_one(), before, *same)
        _, source = resource.given(is_shared=False)
        return Statement(f"{answer}, {source} WHERE {found}")


class Transition:
    """A row goes to another state, with all that it brings about, under a lock.

    The resource's `states` say from where; without `to` the row stays in its state, which must not
    be final. The columns of the body's names are taken over, unless `values` has SQL for them; the
    body is the CTE `given`. `parent_values` are set of the parent's row, and `also` are further
    CTEs; both find the row in `changed`.

    `done` is SQL that recognises that the transition was made before, by an attempt whose reply was
    lost or by an earlier request: it is then not made again, wherever the row is by now, which is
    shown. It goes by an id in the body where a state can come again. Without it an attempt is
    recognised by the state, and a request that comes again is shown the row where the state is
    final, and is a conflict where it is not. Raises TypeError where the state can come again, no
    state leads to it, or a member of the body would be lost.
    """

    def __init__(
        self,
        resource: Resource,
        body: type[SQLModel] | None = None,
        *,
        to: Any = None,
        values: Mapping[str, str] | None = None,
        parent_values: Mapping[str, str] | None = None,
        also: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        done: str | None = None,
    ) -> None:
        self._resource = resource
        self._body = body
        self._to = to
        self._values = dict(values or {})
        self._parent_values, self._also, self._more = parent_values, dict(also or {}), more
        self._is_recognised = done is not None
        self._done = done or (f"{resource.column('status')} = '{to}'" if to else None)
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
            return Query(self._outcome(names), parameters, self._judge)

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
        if to and not done and _comes_again(to, states):
            message = f"A {noun} can be {to} again: `done` must tell whose doing it was."
            raise TypeError(message)
        if self._body:
            read = [*self._values.values(), *self._also.values(), done or ""]
            nothing_lost(self._resource.table, self._body, read)

    def _written(self, names: tuple[str, ...]) -> Statement:
        resource, states = self._resource, self._resource.states
        sources = [
            str(state)
            for state, after in states.items()
            if (self._to in after if self._to else after)
        ]
        values = {
            name: visible(resource, name, f"given.{quoted(name)}")
            for name in (json_names(self._body) if self._body else ())
            if name in resource.table.columns
        } | self._values
        if self._to:
            values["status"] = f"'{self._to}'"
        found = where(
            resource.is_one(),
            is_in(resource.column("status"), sources),
            f"({self._done}) IS NOT TRUE" if self._is_recognised else "true",
        )
        ctes, source = resource.given(is_shared=bool(self._also)) if self._body else ({}, "")
        ctes["changed"] = (
            f"UPDATE {resource.name} SET {resource.touched(values)}\n"
            f"{source and f'FROM {source} '}WHERE {found} RETURNING {resource.name}.*"
        )
        if resource.parent and self._parent_values is not None:
            ctes["parent"] = _parent_of_changed(resource, resource.parent, self._parent_values)
        left = where(resource.is_one(), "NOT EXISTS (SELECT FROM changed)")
        changed = answered(resource, "changed", names, "true, changed.status", self._more)
        unchanged = answered(resource, resource.name, names, f"false, {resource.column('status')}")
        return Statement(
            f"{changed}\nUNION ALL {unchanged} WHERE {left}",
            first=[resource.lock_to_write()],
            ctes=ctes | self._also,
        )

    def _found(self, names: tuple[str, ...]) -> Statement:
        resource = self._resource
        answer = answered(resource, resource.name, names, f"true, {resource.column('status')}")
        source = f", {resource.given(is_shared=False)[1]}" if self._body else ""
        return Statement(f"{answer}{source} WHERE {where(resource.is_one(), self._done or 'true')}")

    def _refusal(self, _: object, state: str) -> ApiError | None:
        """Refuse a transition from another state; a final one that was reached stays as it is."""
        allowed = sorted(self._resource.states[state])
        if state == self._to and not allowed:
            return None
        onward = f"it can become {', '.join(allowed)}" if allowed else "that is final"
        message = f"The {self._resource.noun} is {state}; {onward}."
        return ConflictError(message, current=state, allowed=allowed)


def answered(
    resource: Resource,
    source: str,
    names: Sequence[str],
    rest: str,
    more: Mapping[str, str] | None = None,
) -> str:
    """Write the SELECT of an answer: a row as JSON, its version, and the rest of its columns."""
    return (
        f"SELECT row_to_json(shown), {resource.version(source)}, {rest}\n"
        f"FROM {source}, {resource.row(source, names, more)}"
    )


def has_changed(noun: str, version: object, _: object) -> ApiError:
    """Refuse to change a row that is in another version than the client has seen."""
    message = f"The {noun} has changed since then; its version is now {version}."
    return PreconditionFailedError(message, headers={"ETag": f'"{version}"'})


def _comes_again(state: Any, states: Mapping[Any, frozenset[Any]]) -> bool:
    """Tell whether a row can be in a state, leave it, and be in it once more."""
    reached: set[Any] = set()
    waiting = list(states.get(state, ()))
    while waiting:
        following = waiting.pop()
        if following not in reached:
            reached.add(following)
            waiting += states.get(following, ())
    return state in reached


def _parent_of_changed(resource: Resource, parent: Resource, values: Mapping[str, str]) -> str:
    found = f"{parent.column(parent.key)} = changed.{quoted(resource.link)}"
    return (
        f"UPDATE {parent.name} SET {parent.touched(values)}\nFROM changed "
        f"WHERE {where(found, parent.owned)} RETURNING {parent.column(parent.key)}"
    )
