"""What differs between two versions of an itinerary."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from json_rows.statement import Query, Row, Rows, Statement
from service.domain.itineraries import versions
from service.models.itinerary import PlanBase
from service.models.itinerary_item import ItemBase
from smorest_sqlmodel.errors import NotFoundError

_PLAN, _ITEM = list(PlanBase.model_fields), list(ItemBase.model_fields)

_BOTH = Statement(
    f"""SELECT itinerary_versions.number, row_to_json(shown) FROM itinerary_versions, {
        versions.row("itinerary_versions", versions.members.all)
    } WHERE itinerary_versions.itinerary_id = %(key)s
        AND itinerary_versions.number IN (%(before)s, %(after)s) AND {versions.owned}"""
)


def difference(itinerary_id: UUID, before: int, after: int) -> Query:
    """Ask what changed from one version to another; NotFoundError where one is not there."""

    def judge(rows: Rows) -> Row:
        found: dict[int, bytes] = {row[0]: row[1] for row in rows}
        if missing := [number for number in (before, after) if number not in found]:
            message = f"The itinerary has no version {missing[0]}."
            raise NotFoundError(message)
        said = _difference(json.loads(found[before]), json.loads(found[after]))
        body = {"from_version": before, "to_version": after, **said}
        return Row(json.dumps(body, ensure_ascii=False).encode())

    parameters = {"key": itinerary_id, "before": before, "after": after}
    return Query(_BOTH, parameters, judge)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    old = {item["item_id"]: item for item in before["items"]}
    new = {item["item_id"]: item for item in after["items"]}
    both = [key for key in new if key in old]
    stay = _longest_rise([old[key]["position"] for key in both])
    changed = {key: _fields(_ITEM, old[key], new[key]) for key in both}
    return {
        "plan": _fields(_PLAN, before, after),
        "added": [item for key, item in new.items() if key not in old],
        "removed": [item for key, item in old.items() if key not in new],
        "moved": [
            {
                "item_id": key,
                "from_position": old[key]["position"],
                "to_position": new[key]["position"],
            }
            for key in both
            if old[key]["position"] not in stay
        ],
        "changed": [
            {"item_id": key, "position": new[key]["position"], "fields": fields}
            for key, fields in changed.items()
            if fields
        ],
    }


def _fields(names: Sequence[str], old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": name, "before": old[name], "after": new[name]}
        for name in names
        if old[name] != new[name]
    ]


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Find as many numbers as can be that rise: those that are not among them have been moved."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(ends, number)
        before[number] = ends[place - 1] if place else None
        ends[place:] = [number, *ends[place + 1 :]]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found
