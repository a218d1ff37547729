"""Itineraries, made of what the predecessor's workflows have as their final one."""

import json
from typing import NamedTuple

from psycopg2 import extensions

from service.models.final_itinerary import UnreadableError, read
from service.models.itinerary_item import ItemWrite
from service.sqlite_import.workflows import DEFAULT_NAME, as_number
from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.refusal import RefusedError
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.values import Values

TITLE_LENGTH = 200

_NO_NAMES = {DEFAULT_NAME.casefold(), "trip planning workflow"}
"""What every workflow of the predecessor's is called."""


class ItineraryFields(NamedTuple):
    """What is staged of an itinerary, as text for COPY."""

    workflow_id: str
    title: str
    created_at: str
    version_id: str
    items: str


def convert_itinerary(values: Values, keys: Keys, row: Row) -> ItineraryFields | None:
    """Convert the final itinerary of a workflow, if it has one.

    RefusedError for what is no list of stops: the workflow keeps that as it is.
    """
    _, given, _, _, name, *_ = row
    wish, itinerary, created, _, completed = row[6], *row[12:16]
    # What is said of these is noted on the workflow.
    apart = Values()
    text = apart.document("final_itinerary", itinerary)
    if given is None or text is None or text.strip() == "[]":
        return None
    try:
        stops = read(json.loads(text, parse_int=as_number))
    except UnreadableError as why:
        message = f"final_itinerary {why}; the workflow keeps it as it is"
        raise RefusedError(message) from why
    for repair, was in stops.repairs:
        values.note(repair, was)
    made_at = apart.moment("completed_at", completed) or apart.required_moment(
        "created_at", created
    )
    items = [
        _written(keys, given, item.model_copy(update={"position": number}))
        for number, item in enumerate(stops.items, 1)
    ]
    return ItineraryFields(
        workflow_id=keys.of("workflows", given),
        title=_title(apart.text("name", name), apart.text("user_input", wish)),
        created_at=str(made_at),
        version_id=keys.made("itinerary_versions", given),
        items=json.dumps(items, ensure_ascii=False),
    )


def _title(name: str | None, wish: str | None) -> str:
    named = " ".join((name or "").split())
    wished = " ".join((wish or "").split())
    own = named if named.casefold() not in _NO_NAMES else ""
    return (own or wished or DEFAULT_NAME)[:TITLE_LENGTH]


def _written(keys: Keys, given: object, item: ItemWrite) -> dict[str, object]:
    item_id = keys.made("itinerary_items", f"{given}/{item.position}")
    return {**item.model_dump(mode="json"), "item_id": item_id}


_ITINERARIES = """
    INSERT INTO itineraries (id, legacy_id, legacy_note, user_id, workflow_id, created_via, title,
        timezone, created_at, updated_at)
    SELECT new.id, new.source_id, new.note, workflow.user_id, new.workflow_id, 'import', new.title,
        workflow.timezone, new.created_at, new.created_at
    FROM import_itineraries AS new JOIN workflows AS workflow ON workflow.id = new.workflow_id
"""

_MEMBERS = """
    INSERT INTO itinerary_members (itinerary_id, user_id, role, created_at)
    SELECT itinerary.id, itinerary.user_id, 'owner', itinerary.created_at
    FROM import_itineraries AS new JOIN itineraries AS itinerary ON itinerary.id = new.id
"""

_VERSIONS = """
    INSERT INTO itinerary_versions (id, itinerary_id, number, workflow_id, title, timezone,
        item_count, created_at)
    SELECT new.version_id, itinerary.id, 1, itinerary.workflow_id, itinerary.title,
        itinerary.timezone, jsonb_array_length(new.items), itinerary.created_at
    FROM import_itineraries AS new JOIN itineraries AS itinerary ON itinerary.id = new.id
"""

_ITEMS = """
    INSERT INTO itinerary_items (version_id, item_id, position, category, start_minute,
        duration_minutes, place, notes, leg)
    SELECT new.version_id, item.item_id, item.position, item.category, item.start_minute,
        item.duration_minutes, item.place, item.notes, item.leg
    FROM import_itineraries AS new,
        jsonb_populate_recordset(NULL::itinerary_items, new.items) AS item
"""

BESIDE = ("itinerary_members", "itinerary_versions", "itinerary_items")
"""Which tables are written with an itinerary."""


def write_itineraries(cursor: extensions.cursor) -> int:
    """Write what is staged, each as its first version; return how many itineraries these are."""
    cursor.execute(_ITINERARIES)
    written = cursor.rowcount
    for statement in (_MEMBERS, _VERSIONS, _ITEMS):
        cursor.execute(statement)
    return written
