"""Workflows of the predecessor, converted."""

import json
import math
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from service.models.status import WORKFLOW_TRANSITIONS, WorkflowStatus
from service.models.workflow import InputType
from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.values import BIGINT_MAX, Values

INPUT_LENGTH = 8000
NAME_LENGTH = 255
DEFAULT_NAME = "Trip planning"
DEFAULT_RADIUS_M = 2000
LEAST_RADIUS_M, MOST_RADIUS_M = 100, 20_000
LEAST_HOURS, MOST_HOURS = 2, 12
LONG_NUMBER = 1000

_STATUSES = frozenset(status.value for status in WorkflowStatus)
_CLOSED = frozenset(status.value for status, after in WORKFLOW_TRANSITIONS.items() if not after)
_AWAITING = WorkflowStatus.AWAITING_INPUT.value
_INPUT_TYPES = frozenset(kind.value for kind in InputType)
_CLOCK_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_MILLISECOND = timedelta(milliseconds=1)


class WorkflowFields(NamedTuple):
    """What is staged of a workflow, as text for COPY."""

    user_id: str | None
    session_id: str | None
    name: str
    user_input: str
    input_type: str | None
    time_settings: str | None
    search_radius_m: str
    user_intent: str | None
    final_itinerary: str | None
    metadata: str | None
    status: str
    waiting_since: str | None
    completed_at: str | None
    active_ms: str
    created_at: str
    updated_at: str


def convert_workflow(values: Values, keys: Keys, row: Row) -> WorkflowFields:
    """Convert a workflow; RefusedError for an unknown status, or one without created_at."""
    (_, _, session_id, user_id, name, given_status, user_input, input_type, settings) = row[:9]
    (date_theme, user_intent, radius, itinerary, created, updated, completed) = row[9:]
    status = values.known("status", given_status, _STATUSES)
    created_at = values.required_moment("created_at", created)
    updated_at = values.moment_or("updated_at", updated, created_at, "created_at")
    ended_at, waiting_since = _end(values, status, completed, created_at, updated_at)
    kept: dict[str, str | None] = {"date_theme": values.document("date_theme", date_theme)}
    return WorkflowFields(
        user_id=keys.of_parent("users", user_id),
        session_id=values.short_text("session_id", session_id, NAME_LENGTH),
        name=values.name("name", name, NAME_LENGTH, DEFAULT_NAME),
        user_input=_user_input(values, user_input, kept),
        input_type=_input_type(values, input_type),
        time_settings=_time_settings(values, settings, kept),
        search_radius_m=_radius(values, radius),
        user_intent=_structure(values, "user_intent", user_intent, "{", kept),
        final_itinerary=_structure(values, "final_itinerary", itinerary, "[{", kept),
        metadata=_object(kept),
        status=status,
        waiting_since=str(waiting_since) if waiting_since else None,
        completed_at=str(ended_at) if ended_at else None,
        active_ms=str((ended_at - created_at) // _MILLISECOND) if ended_at else "0",
        created_at=str(created_at),
        updated_at=str(updated_at),
    )


def _end(
    values: Values, status: str, completed: object, created_at: datetime, updated_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """Find completed_at and waiting_since, of which the status allows one at most."""
    ended_at = values.moment("completed_at", completed)
    if status in _CLOSED:
        if ended_at is None:
            values.note(f"completed_at of a {status} workflow missing, now updated_at")
            ended_at = updated_at
        if ended_at < created_at:
            values.note("completed_at before the start, now the start", str(ended_at))
            ended_at = created_at
        return ended_at, None
    if status == _AWAITING:
        if ended_at:
            values.note("completed_at of an awaiting_input workflow, now waiting_since")
        return None, max(ended_at or updated_at, created_at)
    if ended_at:
        values.note(f"completed_at of a {status} workflow, now null", str(ended_at))
    return None, None


def _user_input(values: Values, given: object, kept: dict[str, str | None]) -> str:
    text = values.text("user_input", given)
    if not text:
        values.note("user_input missing, now (empty)")
        return "(empty)"
    if len(text) <= INPUT_LENGTH:
        return text
    values.note(f"user_input cut to {INPUT_LENGTH} characters, whole in metadata")
    kept["legacy_user_input"] = json.dumps(text, ensure_ascii=False)
    return text[:INPUT_LENGTH]


def _input_type(values: Values, given: object) -> str | None:
    kind = values.text("input_type", given)
    if kind is None or kind in _INPUT_TYPES:
        return kind
    values.note("input_type unknown, now null", kind)
    return None


def _radius(values: Values, given: object) -> str:
    text = values.whole("search_radius", given, -BIGINT_MAX, BIGINT_MAX)
    if text is None:
        values.note(f"search_radius missing, now {DEFAULT_RADIUS_M}")
        return str(DEFAULT_RADIUS_M)
    if int(text) < LEAST_RADIUS_M:
        values.note(f"search_radius below {LEAST_RADIUS_M}, now that", int(text))
        return str(LEAST_RADIUS_M)
    if int(text) > MOST_RADIUS_M:
        values.note(f"search_radius above {MOST_RADIUS_M}, now that", int(text))
        return str(MOST_RADIUS_M)
    return text


def _structure(
    values: Values, column: str, given: object, brackets: str, kept: dict[str, str | None]
) -> str | None:
    """Convert a JSON object or array; anything else is kept in the metadata instead."""
    text = values.document(column, given)
    if text is None or text.lstrip()[0] in brackets:
        return text
    values.note(f"{column} of another shape, now in metadata")
    kept[f"legacy_{column}"] = text
    return None


def _time_settings(values: Values, given: object, kept: dict[str, str | None]) -> str | None:
    text = _structure(values, "time_settings", given, "{", kept)
    if text is None:
        return None
    settings, repairs = _checked_settings(text)
    for repair, was in repairs:
        values.note(repair, was)
    return settings


@lru_cache(maxsize=1024)
def _checked_settings(text: str) -> tuple[str, list[tuple[str, Any]]]:
    """Hold time settings to the model `TimeSettings`; also tell what was repaired, and was what.

    Few differ, so nearly all come from the cache.
    """
    given = json.loads(text, parse_int=as_number)
    enabled = given.pop("enabled", True)
    start = given.pop("start_time", None)
    hours = given.pop("duration_hours", None)
    repairs = []
    if not isinstance(enabled, bool):
        repairs.append(("time_settings.enabled is neither true nor false, now true", enabled))
        enabled = True
    if start is not None and not (isinstance(start, str) and _CLOCK_TIME.fullmatch(start)):
        repairs.append(("time_settings.start_time is no HH:MM, now null", start))
        start = None
    if hours is not None and not _is_duration(hours):
        repairs.append(("time_settings.duration_hours not from 2 to 12, now null", hours))
        hours = None
    if given:
        repairs.append(("time_settings has unknown members, dropped", given))
    settings = {"enabled": enabled, "start_time": start, "duration_hours": hours}
    return json.dumps(settings), repairs


def as_number(digits: str) -> float:
    """Convert an integer; Python refuses to convert those of more than 4300 digits."""
    return int(digits) if len(digits) < LONG_NUMBER else math.inf


def _is_duration(hours: object) -> bool:
    return type(hours) in {int, float} and LEAST_HOURS <= hours <= MOST_HOURS  # type: ignore[operator]


def _object(members: dict[str, str | None]) -> str | None:
    """Make a JSON object of members that are JSON text; null of none."""
    written = [f"{json.dumps(name)}: {text}" for name, text in members.items() if text]
    return "{" + ", ".join(written) + "}" if written else None
