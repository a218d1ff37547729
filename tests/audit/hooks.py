"""What the generator of requests must know that JSON Schema can't say, a sentence for each.

Schemathesis loads this module. Only requests that are meant to be acceptable are changed.
"""

import itertools
import os
import re
from collections import defaultdict, deque
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4
from zoneinfo import available_timezones

import requests
import schemathesis

from service.models import examples
from service.models.username import oddity, unseen

KINDS = {
    "users": "user_id",
    "workflows": "workflow_id",
    "nodes": "node_id",
    "generations": "generation_id",
    "model-prices": "price_id",
    "duplicate": "itinerary_id",
    "itineraries": "itinerary_id",
    "keys": "key_id",
    "shares": "share_id",
}

INTEGERS = {
    *("attempt", "seq", "search_radius_m", "latency_ms", "first_token_ms"),
    *("start_minute", "duration_minutes", "minutes", "distance_m", "days"),
} | {f"{kind}_tokens" for kind in ("max", "prompt", "completion", "total", "cached", "reasoning")}

PUBLIC = {"/v1/shared/{token}", "/v1/feeds/{token}.ics"}

OF_SOMEBODY = {("POST", "/v1/workflows"), ("POST", "/v1/itineraries")}
"""Where only a caller who is bound to a user leaves out whose the row is."""

count = itertools.count()

made: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=20))
"""Ids of the rows that were made last, by the name that they have in paths."""


@schemathesis.hook
def filter_case(_: Any, case: Any) -> bool:
    """Drop what is not what it is taken for."""
    # Schemathesis takes some requests for acceptable whose headers it made unacceptable.
    if case.meta and case.meta.generation.mode.is_positive:
        return all(part.mode.is_positive for part in case.meta.components.values())
    # An empty list and the list of an empty name look alike in a query.
    return not any(case.query.get(name) in ([""], "") for name in ("fields", "include"))


@schemathesis.hook
def before_call(_: Any, case: Any, kwargs: dict[str, Any]) -> None:  # noqa: ARG001  as it is called
    """Make the acceptable parts of a request fit the present rows."""
    # A request out of the document's own examples tells nothing of its parts.
    parts = case.meta.components.items() if case.meta else ()
    wrong = {place.value for place, part in parts if not part.mode.is_positive}
    if "query" not in wrong:
        # Only the service makes cursors, out of the last row of a page.
        case.query.pop("cursor", None)
        # The document says in words only what a row lacks that was asked for with `fields`.
        case.query.pop("fields", None)
    if "header" not in wrong and "Idempotency-Key" in case.headers:
        # A key is for one body, and the generator uses some keys again and again.
        case.headers["Idempotency-Key"] = str(uuid4())
    if not wrong:
        _fill(case)
    if "body" not in wrong and isinstance(case.body, dict):
        _fit_body(case)
    if "path" not in wrong and oddity(str(case.path_parameters.get("username", ""))):
        case.path_parameters["username"] = f"name {uuid4()}"
    # Of ids that no row has all are alike: every other request is for a row that was made before.
    # What the stateful phase asks for follows from the answers already.
    is_stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if "path" not in wrong and not is_stateful:
        for name in case.path_parameters:
            if made[name] and next(count) % 2:
                case.path_parameters[name] = made[name][next(count) % len(made[name])]
    if "body" not in wrong and isinstance(case.body, dict):
        _fit_itinerary(case.body, case.operation.path, case.formatted_path, case.operation.base_url)


def _fill(case: Any) -> None:
    """Give a request what the schema says, or can't say, of one that has little."""
    # What the pattern of a header rules out is generated nevertheless where there is no body.
    if str(case.headers.get("If-Match", "")).isdigit():
        case.headers["If-Match"] = "*"
    # Who is nobody in particular must say whose the duplicate is.
    if case.operation.path.endswith("/duplicate") and not isinstance(case.body, dict):
        case.body = {}


def _fit_body(case: Any) -> None:
    # Any JSON is any JSON to generators of clients: what Postgres can't store has no schema.
    case.body = _storable(case.body)
    _name(case.body)
    _fit(case.body, case.operation.base_url)
    if (case.method, case.operation.path) in OF_SOMEBODY:
        case.body["user_id"] = _user(case.operation.base_url)


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.replace("\0", ""): _storable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, float) and value and not 1e-40 <= abs(value) <= 1e40:
        return 1.5
    return 1 if isinstance(value, int) and abs(value) > 10**40 else value


def _name(body: dict[str, Any]) -> None:
    """Put other names for those whose letters JSON Schema takes: it knows no scripts."""
    if oddity(str(body.get("username", ""))):
        body["username"] = f"name {uuid4()}"
    if unseen(str(body.get("email", ""))):
        body["email"] = f"{uuid4()}@example.com"


def _fit(body: dict[str, Any], url: str) -> None:
    # A list of the time zones' names would be 600 long, and wrong several times a year.
    if body.get("timezone", "UTC") not in available_timezones():
        body["timezone"] = "Asia/Seoul"
    # An id is for one row, and the generator has a favourite.
    if "id" in body:
        body["id"] = str(uuid4())
    # A reference must lead to a row.
    if "user_id" in body:
        body["user_id"] = _user(url)
    for reference in ("parent_workflow_id", "node_id", "parent_node_id"):
        body.pop(reference, None)
    # What ends must have begun before; JSON Schema compares no values. Nor does it know what day it
    # is, or which versions there are.
    for name in ("completed_at", "valid_to", "expires_at", "pinned_version"):
        body.pop(name, None)
    # JSON Schema's multipleOf counts in binary fractions: that an amount has 9 digits it can't say.
    for amount in ("cost", "input_per_million", "output_per_million"):
        if isinstance(body.get(amount), float):
            body[amount] = min(round(body[amount], 9), 999_999_999)
    _whole(body)


def _whole(body: dict[str, Any]) -> None:
    """Write integers as such: JSON Schema takes 2.0 for one, too, and can't ask for 2."""
    for name, value in body.items():
        if name in INTEGERS and isinstance(value, float):
            body[name] = int(value)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                _whole(inner)


def _fit_itinerary(body: dict[str, Any], template: str, path: str, url: str) -> None:
    """Say of an itinerary what it can take by now: the schema does not know its items."""
    action = template.rpartition("/")[2]
    if action in {"itineraries", "duplicate"}:
        # Who is nobody in particular must say whose it is.
        body["user_id"] = _user(url)
    for item in [body, *body.get("items", [])] if action in {"itineraries", "items"} else []:
        # Positions have no gaps, and an id is for one item.
        item.pop("position", None)
        item.pop("item_id", None)
    if action == "members":
        body.pop("user_id", None)
        body["username"] = "audit"
    if action == "shift":
        body.update(minutes=1, from_position=1, days=0)
    if action in {"reorder", "transfer"}:
        plan = requests.get(url.rstrip("/") + path.rpartition("/")[0], timeout=30).json()
        if action == "transfer":
            body["user_id"] = plan.get("user_id", body["user_id"])
        else:
            body.pop("item_ids", None)
            body["positions"] = [item["position"] for item in plan.get("items", [])]


def _user(url: str) -> str:
    if given := os.environ.get("AUDIT_USER"):
        return given
    user = requests.put(f"{url.rstrip('/')}/v1/users/by-username/audit", timeout=30)
    return str(user.json()["id"])


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    """Keep the ids of new rows."""
    if response.status_code == requests.codes.created:
        collection = case.operation.path.removesuffix("/by-username/{username}").rpartition("/")[2]
        if kind := KINDS.get(collection):
            made[kind].append(response.json()["id"])


SAFE = {"GET", "HEAD", "OPTIONS"}
RECORDED = {"id", "status", "seq"}
REFUSED_UNREAD = {400, 401, 413, 414, 429, 431}
THEIRS = (examples.WORKFLOW, examples.NODE, examples.GENERATION, examples.ITINERARY_ID)
"""Of these nothing stands in a body that makes a row: whoever sees one sees another's."""


@schemathesis.check
def breach(_: Any, response: Any, case: Any) -> None:
    """Look whether somebody sees or does what they may not; `access.py` says who sends it all."""
    caller = os.environ.get("AUDIT_CALLER")
    if not caller or not case.operation.path.startswith("/v1/") or case.path in PUBLIC:
        return
    status, is_done = response.status_code, response.status_code < 300
    if caller == "none":
        # A path in a spelling that none has is 404 to everybody, before anybody is asked.
        is_path = re.fullmatch(r"[\w.~/-]*", unquote(urlsplit(response.request.url).path))
        refused = REFUSED_UNREAD if is_path else {*REFUSED_UNREAD, 404}
        assert status in refused, f"nobody in particular was answered {status}"
    if caller == "read":
        assert case.method in SAFE or not is_done, "a key that reads has written"
    if caller == "ingest" and is_done:
        assert case.method not in {"GET", "HEAD"}, "a key that records has read"
        told = response.json() if response.content else {}
        assert set(told) <= RECORDED, f"a key that records is shown {sorted(told)}"
    if caller == "stranger":
        asked = f"{response.request.url} {response.request.body!r}"
        shown = [key for key in THEIRS if key in response.text and key not in asked]
        assert not shown, f"a stranger is shown {shown}"
