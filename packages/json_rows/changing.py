"""Rows that clients change, in a version that they have seen."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.frame import judge, unless_read_only, where, written
from json_rows.resource import Resource
from json_rows.statement import CACHED_STATEMENTS, Query, Statement, json_name, quoted
from json_rows.values import visible
from smorest_sqlmodel.errors import ApiError, PreconditionFailedError


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
        found = where(resource.is_one(), resource.writable, resource.is_current())
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
            f"SELECT NULL::json, {resource.version()}, false, "
            f"{unless_read_only('NULL::text', resource.writable)} FROM {resource.name} WHERE {left}"
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
