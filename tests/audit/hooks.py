"""What the generator of requests must know that JSON Schema can't say, a sentence for each.

Schemathesis loads this module. Only requests that are meant to be acceptable are changed.
"""

import itertools
from collections import defaultdict, deque
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

import requests
import schemathesis

from service.models.username import oddity, unseen

KINDS = {
    "users": "user_id",
    "workflows": "workflow_id",
    "nodes": "node_id",
    "generations": "generation_id",
    "model-prices": "price_id",
}

INTEGERS = {"attempt", "seq", "search_radius_m", "latency_ms", "first_token_ms"} | {
    f"{kind}_tokens" for kind in ("max", "prompt", "completion", "total", "cached", "reasoning")
}

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
    if "body" not in wrong and isinstance(case.body, dict):
        # Any JSON is any JSON to generators of clients: what Postgres can't store has no schema.
        case.body = _storable(case.body)
        _name(case.body)
        _fit(case.body, case.operation.base_url)
    if "path" not in wrong and oddity(str(case.path_parameters.get("username", ""))):
        case.path_parameters["username"] = f"name {uuid4()}"
    # Of ids that no row has all are alike: every other request is for a row that was made before.
    # What the stateful phase asks for follows from the answers already.
    is_stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if "path" not in wrong and not is_stateful:
        for name in case.path_parameters:
            if made[name] and next(count) % 2:
                case.path_parameters[name] = made[name][next(count) % len(made[name])]


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
        user = requests.put(f"{url.rstrip('/')}/v1/users/by-username/audit", timeout=30)
        body["user_id"] = user.json()["id"]
    for reference in ("parent_workflow_id", "node_id", "parent_node_id"):
        body.pop(reference, None)
    # What ends must have begun before; JSON Schema compares no values.
    for end in ("completed_at", "valid_to"):
        body.pop(end, None)
    # JSON Schema's multipleOf counts in binary fractions: that an amount has 9 digits it can't say.
    for amount in ("cost", "input_per_million", "output_per_million"):
        if isinstance(body.get(amount), float):
            body[amount] = min(round(body[amount], 9), 999_999_999)
    # JSON Schema takes 2.0 for an integer, too, and can't ask for 2.
    for name, value in body.items():
        if name in INTEGERS and isinstance(value, float):
            body[name] = int(value)


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    """Keep the ids of new rows."""
    if response.status_code == requests.codes.created:
        collection = case.operation.path.removesuffix("/by-username/{username}").rpartition("/")[2]
        made[KINDS[collection]].append(response.json()["id"])
