"""Itineraries, their versions and items, and who may see and change them."""

from uuid import UUID

from json_rows.frame import contains, judge
from json_rows.inserting import New
from json_rows.listing import Slow
from json_rows.resource import Resource
from json_rows.statement import Query, Statement
from service.domain.itinerary_items import COLUMNS, columns_of, in_order, rows_of
from service.domain.itinerary_times import items_of, times, warnings_of
from service.domain.workflows import workflows
from service.models.itinerary import (
    Itinerary,
    ItineraryCreate,
    ItineraryFilter,
    ItineraryRead,
    ItinerarySummary,
)
from service.models.itinerary_edit import Duplicate
from service.models.itinerary_item import ItemRead, ItineraryItem
from service.models.itinerary_member import ItineraryMember
from service.models.itinerary_version import ItineraryVersion, VersionRead, VersionSummary

_OF_VERSION = "itinerary_items WHERE itinerary_items.version_id = {row}.id"
_OF_CURRENT = """itinerary_versions, itinerary_items
    WHERE itinerary_versions.itinerary_id = {row}.id
        AND itinerary_versions.number = {row}.current_version
        AND itinerary_items.version_id = itinerary_versions.id"""

itineraries = Resource(
    "itinerary",
    Itinerary,
    ItineraryRead,
    summary=ItinerarySummary,
    owner="user_id",
    shared_by=ItineraryMember,
    writers="{member}.role IN ('owner', 'editor')",
    goes_with={"itinerary_id": "id", "user_id": "user_id"},
    more={
        "items": lambda: items_of(items, "{row}", _OF_CURRENT),
        "warnings": warnings_of("{row}", _OF_CURRENT),
    },
    filters=ItineraryFilter,
    conditions={
        "plan_after": Slow("itineraries.plan_date >= %(plan_after)s"),
        "plan_before": Slow("itineraries.plan_date < %(plan_before)s"),
        "archived": Slow("(itineraries.archived_at IS NOT NULL) = %(archived)s"),
        "q": Slow(contains("q", "itineraries.title")),
    },
    sorts={
        "created_at": "itineraries.created_at",
        "updated_at": Slow("itineraries.updated_at"),
        "plan_date": Slow("coalesce(itineraries.plan_date, 'infinity')"),
    },
    default_sort="-created_at",
    narrow=frozenset({"user_id", "workflow_id"}),
)

versions = Resource(
    "version",
    ItineraryVersion,
    VersionRead,
    summary=VersionSummary,
    parent=itineraries,
    more={
        "items": lambda: items_of(items, "{row}", _OF_VERSION),
        "warnings": warnings_of("{row}", _OF_VERSION),
    },
    sorts={"number": "itinerary_versions.number"},
    default_sort="-number",
)


def _of_its_version(member: str) -> str:
    """Write what an item says of moments, by the day and the zone of its version."""
    moment = times("{row}", "itinerary_versions")[member]
    return f"""(SELECT {moment} FROM itinerary_versions
        WHERE itinerary_versions.id = {{row}}.version_id AND {versions.owned})"""


items: Resource = Resource(
    "item",
    ItineraryItem,
    ItemRead,
    parent=versions,
    more={name: _of_its_version(name) for name in ("starts_at", "ends_at")},
)


def first_version(added: str, body: str) -> dict[str, str]:
    """Write what a new itinerary comes with, as CTEs: its owner as a member, its first version.

    The CTE `added` has the row of the itinerary, or none, with all of its columns. `body` is SQL of
    the JSON array of its items, each as `ItemWrite` has it, with its position. The CTE
    `first_items` has the new items, for `shown_of`.
    """
    return {
        "owning_member": f"""
            INSERT INTO itinerary_members (itinerary_id, user_id, role)
            SELECT {added}.id, {added}.user_id, 'owner' FROM {added}""",
        "first_version": f"""
            INSERT INTO itinerary_versions (id, itinerary_id, number, title, plan_date, timezone,
                author_id, workflow_id, item_count)
            SELECT gen_random_uuid(), {added}.id, {added}.current_version, {added}.title,
                {added}.plan_date, {added}.timezone, %(owner)s::uuid, {added}.workflow_id,
                coalesce(jsonb_array_length({body}), 0)
            FROM {added} RETURNING itinerary_versions.*""",
        "first_items": f"""
            INSERT INTO itinerary_items (version_id, {", ".join(COLUMNS)})
            SELECT first_version.id, {columns_of("item")}
            FROM first_version, {rows_of(body)} RETURNING itinerary_items.*""",
    }


def shown_of(plan: str, kept: str) -> dict[str, str]:
    """Write what an answer shows beside its columns of a row whose new items are the CTE `kept`."""
    return {
        "items": items_of(items, plan, kept, kept),
        "warnings": warnings_of(plan, kept, kept),
    }


def began_as(plan: str, *, apart_from: str = "") -> str:
    """Write the condition that the first version of an itinerary says what a plan says.

    What became of it since then is no matter, nor is what the plan leaves out. `plan` is SQL of a
    JSON object, `apart_from` names a member of its items that may differ.
    """
    given = f"({plan} -> 'items')"
    item = f"to_jsonb(item) - '{apart_from}'" if apart_from else "to_jsonb(item)"
    return f"""EXISTS (
    SELECT FROM itinerary_versions
    WHERE itinerary_versions.itinerary_id = itineraries.id AND itinerary_versions.number = 1
        AND ({plan} ->> 'title' IS NULL OR itinerary_versions.title = {plan} ->> 'title')
        AND ({plan} ->> 'plan_date' IS NULL
            OR itinerary_versions.plan_date = ({plan} ->> 'plan_date')::date)
        AND ({plan} ->> 'timezone' IS NULL
            OR itinerary_versions.timezone = {plan} ->> 'timezone')
        AND coalesce(itinerary_versions.item_count = jsonb_array_length({given}), true)
        AND NOT EXISTS (
            SELECT FROM {rows_of(f"coalesce({given}, '[]')")} LEFT JOIN LATERAL (
                SELECT itinerary_items.* FROM itinerary_items
                WHERE itinerary_items.version_id = itinerary_versions.id
                    AND itinerary_items.position = item.position
            ) AS first ON true
            WHERE to_jsonb(first) @> jsonb_strip_nulls({item}) IS NOT TRUE))"""


_GIVEN_ITEMS = "(%(json)s::jsonb -> 'items')"

NEW_ITINERARY = New(
    itineraries,
    ItineraryCreate,
    values={"current_version": "1"},
    also=first_version("added", _GIVEN_ITEMS),
    more=shown_of("added", "first_items"),
    changing=frozenset({"title", "plan_date", "timezone"}),
    same=began_as("%(json)s::jsonb"),
)


def new_itinerary(body: ItineraryCreate) -> Query:
    """Make an itinerary, with its items in their order."""
    return NEW_ITINERARY.query(body.model_copy(update={"items": in_order(body.items)}))


def _said(version: str) -> str:
    """Write what the items of a version say, but for their ids."""
    return f"""(SELECT jsonb_agg(to_jsonb(item) - 'item_id' ORDER BY item.position)
        FROM (SELECT {columns_of("itinerary_items")}
            FROM itinerary_items WHERE itinerary_items.version_id = {version}.id) AS item)"""


# A copy as its first version has it: it says what one of the original's last versions says.
_SAME_COPY = f"""EXISTS (
    SELECT FROM itinerary_versions AS first, LATERAL (
        SELECT {_said("itinerary_versions")} AS items
        FROM itineraries, itinerary_versions
        WHERE {itineraries.is_one("parent")} AND itinerary_versions.itinerary_id = itineraries.id
            AND coalesce(given.title, itinerary_versions.title) = first.title
            AND itinerary_versions.plan_date IS NOT DISTINCT FROM first.plan_date
            AND itinerary_versions.timezone = first.timezone
            AND itinerary_versions.item_count = first.item_count
        ORDER BY itinerary_versions.number DESC LIMIT 100
    ) AS original
    WHERE first.itinerary_id = itineraries.id AND first.number = 1
        AND original.items IS NOT DISTINCT FROM {_said("first")})"""

# What it came from is told to those who may see that.
NEW_DUPLICATE = New(
    itineraries,
    Duplicate,
    before={
        "original": f"SELECT itineraries.* FROM itineraries WHERE {itineraries.is_one('parent')}",
        "copied": f"""
            SELECT coalesce(jsonb_agg(to_jsonb(item) || jsonb_build_object(
                'item_id', gen_random_uuid())), '[]') AS items
            FROM (SELECT {columns_of("itinerary_items")}
                FROM itinerary_items, itinerary_versions, original
                WHERE itinerary_versions.itinerary_id = original.id
                    AND itinerary_versions.number = original.current_version
                    AND itinerary_items.version_id = itinerary_versions.id) AS item""",
    },
    source="given CROSS JOIN original",
    values={
        "title": "coalesce(given.title, original.title)",
        "plan_date": "original.plan_date",
        "timezone": "original.timezone",
        "current_version": "1",
        "workflow_id": f"""(
            SELECT workflows.id FROM workflows
            WHERE workflows.id = original.workflow_id AND workflows.user_id = given.user_id
                AND {workflows.owned})""",
    },
    also=first_version("added", "(SELECT copied.items FROM copied)"),
    more=shown_of("added", "first_items"),
    changing=frozenset({"title"}),
    same=_SAME_COPY,
)


def duplicate(itinerary_id: UUID, body: Duplicate) -> Query:
    """Make a copy of what an itinerary says by now."""
    return NEW_DUPLICATE.query(body, itinerary_id)


_VERSION = Statement(
    f"SELECT row_to_json(shown), NULL::int FROM itinerary_versions, "
    f"{versions.row('itinerary_versions', versions.members.all)} "
    "WHERE itinerary_versions.itinerary_id = %(key)s AND itinerary_versions.number = %(number)s "
    f"AND {versions.owned}"
)


def version_of(itinerary_id: UUID, number: int) -> Query:
    """Ask for a version of an itinerary; NotFoundError when there is none of that number."""
    return _VERSION.query({"key": itinerary_id, "number": number}, judge(versions.noun))
