"""The one row that a parent has of a kind, put in place of the one before."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.frame import READ_ONLY, judge, where, written
from json_rows.inserting import insert
from json_rows.members import CACHED_CHOICES
from json_rows.resource import Resource
from json_rows.statement import Query, Statement, json_names, quoted


class Put:
    """The one row that each row of a parent has, put in place of the one before.

    `write` is the model of the body; the answer has the resource's usual members.
    """

    def __init__(self, resource: Resource, write: type[SQLModel]) -> None:
        self._resource = resource
        self._write = write
        if resource.link != resource.key:
            message = f"{resource.table.name} may have many rows of one {resource.above.noun}."
            raise TypeError(message)
        self._statement = lru_cache(CACHED_CHOICES)(self._written)
        ownership.declare(lambda: self._statement(resource.members.usual))

    def query(self, parent: UUID, body: SQLModel, fields: Sequence[str] | None = None) -> Query:
        """Put the row; NotFoundError where there is no parent."""
        members = self._resource.members
        statement = self._statement(members.chosen(fields, members.usual))
        parameters = {"parent": parent, "json": written(body)}
        return statement.query(parameters, judge(self._resource.above.noun))

    def _written(self, names: tuple[str, ...]) -> Statement:
        resource, parent = self._resource, self._resource.above
        _, given = resource.given(is_shared=False)
        excluded = {name: f"excluded.{quoted(name)}" for name in json_names(self._write)}
        change = f"({quoted(resource.key)}) DO UPDATE SET {resource.touched(excluded)}"
        found = where(parent.is_one("parent"), resource.over_parent)
        ctes = {
            "parent": f"SELECT {parent.name}.* FROM {parent.name} WHERE {found}",
            "added": insert(
                resource,
                self._write,
                source=f"{given}, parent",
                values={resource.link: f"parent.{quoted(parent.key)}"},
                on_conflict=f"ON CONFLICT {change} ",
            ),
        }
        refused = ""
        if resource.over_parent != "true":
            left = where(parent.is_one("parent"), "NOT EXISTS (SELECT FROM parent)")
            refused = (
                f"\nUNION ALL SELECT NULL::json, NULL::int, false, '{READ_ONLY}' "
                f"FROM {parent.name} WHERE {left}"
            )
        return Statement(
            f"SELECT row_to_json(shown), {resource.version('added')}, true, NULL::text\n"
            f"FROM added, {resource.row('added', names)}{refused}",
            ctes=ctes,
        )
