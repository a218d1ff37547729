"""Rows that clients delete, with all that hangs on them, and a count of it where it is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from uuid import UUID

from sqlalchemy import Table

from json_rows import ownership
from json_rows.changing import has_changed
from json_rows.frame import judge, unless_read_only, where
from json_rows.hanging import cascading, hanging_on, kept_to
from json_rows.resource import Resource
from json_rows.statement import Query, Statement, columns, quoted


class Deleted:
    """A row that a client deletes, and all that hangs on it; `versions` as with `Changed`.

    With `is_counted` the answer says how many rows went, by table: those of the tables whose
    foreign keys cascade, of which nobody can add one meanwhile. With `by_owner` only those may do
    it whose the row is. `also` are further CTEs, which find the key of the row in `gone` and that
    answer in `receipt`, as `counts`.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        is_counted: bool = False,
        by_owner: bool = False,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self._resource = resource
        self._also = dict(also or {})
        self._allowed = resource.theirs if by_owner else resource.writable
        self._is_counted = is_counted
        self._judge = judge(resource.noun, partial(has_changed, resource.noun))
        ownership.declare(lambda: (self._statement, self._outcome))

    def query(
        self, key: UUID, versions: Sequence[int] | None = None, **parameters: object
    ) -> Query:
        """Delete a row; `parameters` are those of `also`."""

        def outcome() -> Query:
            return Query(self._outcome, {"key": key}, self._judge)

        parameters |= {"key": key, "versions": versions}
        return Query(self._statement, parameters, self._judge, outcome)

    @cached_property
    def _statement(self) -> Statement:
        resource, key = self._resource, quoted(self._resource.key)
        found = where(resource.is_one(), self._allowed, resource.is_current())
        gone = f"DELETE FROM {resource.name} WHERE {found} RETURNING {resource.name}.{key}"
        left = where(resource.is_one(), "NOT EXISTS (SELECT FROM gone)")
        hanging = _cascade(resource) if self._is_counted else {}
        receipt = f"SELECT {self._answer(hanging)} AS counts FROM gone"
        locks = [rows.lock for rows in hanging.values() if rows.lock]
        return Statement(
            "SELECT receipt.counts, NULL::int, true, NULL::text FROM receipt\n"
            f"UNION ALL SELECT NULL::json, {resource.version()}, false, "
            f"{unless_read_only('NULL::text', self._allowed)} FROM {resource.name} WHERE {left}",
            first=[resource.lock(resource.is_one(), to_delete=True), *locks],
            ctes={"gone": gone, "receipt": receipt, **self._also},
        )

    def _answer(self, hanging: Mapping[str, "_Hanging"]) -> str:
        if not self._is_counted:
            return "NULL::json"
        counts = [f"'{self._resource.table.name}', 1"]
        counts += [f"'{name}', ({rows.count})" for name, rows in hanging.items()]
        return f"json_build_object({', '.join(counts)})"

    @cached_property
    def _outcome(self) -> Statement:
        """Find that the row is gone; how much went with it nobody knows any more."""
        resource = self._resource
        there = f"EXISTS (SELECT FROM {resource.name} WHERE {resource.is_one()})"
        answer = f"json_build_object('{resource.table.name}', NULL)"
        answer = answer if self._is_counted else "NULL::json"
        return Statement(f"SELECT {answer}, NULL::int, true, NULL::text WHERE NOT {there}")


@dataclass(frozen=True, slots=True)
class _Hanging:
    """Rows of a table that go with another row: SQL that counts them, and that locks them.

    Only those that others hang on are locked: nobody can add any to them then.
    """

    count: str
    lock: str


def _cascade(resource: Resource) -> dict[str, _Hanging]:
    """Find the tables whose rows go with one of a resource, by their foreign keys."""
    found = hanging_on(resource)
    followed = {key.referred_table for table in found for key in cascading(table)}
    return {
        table.name: _hanging(table, rows, has_others=table in followed)
        for table, rows in found.items()
    }


def _hanging(table: Table, rows: str, *, has_others: bool) -> _Hanging:
    found = kept_to(table, rows)
    order = columns(table.primary_key.columns.keys())
    lock = f"SELECT FROM {found} ORDER BY {order} FOR UPDATE"
    return _Hanging(f"SELECT count(*) FROM {found}", lock if has_others else "")
