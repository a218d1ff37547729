"""The changes that clients make to what an itinerary says."""

from service.domain.itinerary_edits import Edit, Refusal
from service.domain.itinerary_items import columns_of, rows_of
from service.models.itinerary import FIRST_DATE, LAST_DATE
from service.models.itinerary_edit import Reorder
from service.models.itinerary_item import LONGEST_MINUTES, MOST_ITEMS
from smorest_sqlmodel.errors import (
    ApiError,
    ConflictError,
    FieldError,
    InvalidInputError,
    NotFoundError,
)


def _no_item(_: object) -> ApiError:
    return NotFoundError("There is no item at this position.")


def _no_version(_: object) -> ApiError:
    return NotFoundError("The itinerary has no version of this number.")


def _taken(_: object) -> ApiError:
    taken = FieldError("body", "/item_id", "already_exists", "is already taken")
    return ConflictError("Another item of the itinerary has this id.", errors=[taken])


def _many(_: object) -> ApiError:
    return ConflictError(f"An itinerary has at most {MOST_ITEMS} items.")


def _no_order(body: Reorder) -> ApiError:
    name = "positions" if body.item_ids is None else "item_ids"
    message = "must name each item of the itinerary once"
    return InvalidInputError.of(location="body", name=name, code="no_order", message=message)


def _bad(when: str, name: str, code: str, message: str) -> Refusal:
    """Refuse one value of the body."""
    error = InvalidInputError.of
    return Refusal(when, lambda _: error(location="body", name=name, code=code, message=message))


_IS_THERE = "EXISTS (SELECT FROM had WHERE had.position = %(position)s)"
_COUNT = "(SELECT count(*)::int FROM had)"


def _kept_legs(rows: str) -> str:
    """Write items in another order: a leg stays while it leads where it led before."""
    others = columns_of("moved").removesuffix(", moved.leg")
    return f"""
        SELECT {others}, CASE
            WHEN had.item_id IS NULL
                OR lead(moved.item_id) OVER (ORDER BY moved.position)
                    IS NOT DISTINCT FROM following.item_id
            THEN moved.leg END AS leg
        FROM ({rows}) AS moved
            LEFT JOIN had ON had.item_id = moved.item_id
            LEFT JOIN had AS following ON following.position = had.position + 1"""


def _old_at(position: str) -> str:
    """Write columns of items that stay as they are, but for their position."""
    return columns_of("had").replace("had.position", f"({position})::int AS position")


CHANGE_PLAN = Edit()

_GIVEN = rows_of("given.json -> 'items'")

REPLACE_ITEMS = Edit(new=f"SELECT {columns_of('item')} FROM given, {_GIVEN}")

_AT = f"coalesce((given.json ->> 'position')::int, {_COUNT} + 1)"
_NEW_AT = columns_of("item").replace("item.position", "place.at")

ADD_ITEM = Edit(
    Refusal(f"{_COUNT} >= {MOST_ITEMS}", _many),
    _bad(
        f"{_AT} > {_COUNT} + 1",
        "position",
        "gap",
        "must be at most one more than the itinerary has items",
    ),
    Refusal("EXISTS (SELECT FROM had WHERE had.item_id::text = given.json ->> 'item_id')", _taken),
    before={"place": f"SELECT {_AT} AS at FROM given"},
    new=_kept_legs(f"""
        SELECT {_old_at("had.position + (had.position >= place.at)::int")} FROM had, place
        UNION ALL SELECT {_NEW_AT} FROM given, place,
            LATERAL jsonb_populate_record(NULL::itinerary_items, given.json) AS item"""),
)

CHANGE_ITEM = Edit(
    Refusal(f"NOT {_IS_THERE}", _no_item),
    new=f"""
        SELECT {columns_of("item")}
        FROM had, given, LATERAL jsonb_populate_record(NULL::itinerary_items, to_jsonb(had)
            || CASE WHEN had.position = %(position)s THEN given.json ELSE '{{}}' END) AS item""",
)

REMOVE_ITEM = Edit(
    Refusal(f"NOT {_IS_THERE}", _no_item),
    new=_kept_legs(f"""
        SELECT {_old_at("had.position - (had.position > %(position)s)::int")}
        FROM had WHERE had.position <> %(position)s"""),
)

_ORDER = "coalesce(nullif(given.json -> 'item_ids', 'null'), given.json -> 'positions')"

REORDER = Edit(
    Refusal(
        f"(SELECT count(DISTINCT wanted.item_id) FROM wanted) <> {_COUNT} "
        f"OR jsonb_array_length({_ORDER}) <> {_COUNT}",
        _no_order,
    ),
    # An item's id and a position are never the same text.
    before={
        "wanted": f"""
            SELECT had.item_id, each.place
            FROM given, LATERAL jsonb_array_elements_text({_ORDER})
                WITH ORDINALITY AS each(name, place), had
            WHERE each.name IN (had.item_id::text, had.position::text)"""
    },
    new=_kept_legs(f"""
        SELECT {_old_at("wanted.place")} FROM had, wanted WHERE wanted.item_id = had.item_id"""),
)

_BY = "(given.json ->> 'minutes')::int"
_FROM = "(given.json ->> 'from_position')::int"
_DAY = "seen.plan_date + (given.json ->> 'days')::int"
_MOVED = f"had.start_minute + CASE WHEN had.position >= {_FROM} THEN {_BY} ELSE 0 END"


def _some_moved(condition: str) -> str:
    return f"EXISTS (SELECT FROM had WHERE {_MOVED} {condition})"


SHIFT = Edit(
    _bad(
        f"{_FROM} > greatest({_COUNT}, 1)",
        "from_position",
        "no_item",
        "must be the position of an item",
    ),
    _bad(
        _some_moved("< 0"),
        "minutes",
        "too_early",
        "would let an item begin before the day of the plan; move `days`, too",
    ),
    _bad(
        _some_moved(f">= {LONGEST_MINUTES}"),
        "minutes",
        "too_late",
        f"would let an item begin {LONGEST_MINUTES} minutes after the plan or later",
    ),
    _bad(
        "seen.plan_date IS NULL AND (given.json ->> 'days')::int <> 0",
        "days",
        "no_date",
        "can't move a plan for any day: it has no plan_date",
    ),
    _bad(
        f"{_DAY} NOT BETWEEN '{FIRST_DATE}' AND '{LAST_DATE}'",
        "days",
        "out_of_range",
        f"must leave the plan between {FIRST_DATE} and {LAST_DATE}",
    ),
    plan=f"SELECT seen.title, {_DAY} AS plan_date, seen.timezone FROM seen, given",
    new=f"""
        SELECT {columns_of("had").replace("had.start_minute", f"{_MOVED} AS start_minute")}
        FROM had, given""",
)

RESTORE = Edit(
    Refusal("NOT EXISTS (SELECT FROM wanted)", _no_version),
    before={
        "wanted": """
            SELECT itinerary_versions.* FROM itinerary_versions, seen
            WHERE itinerary_versions.itinerary_id = seen.id
                AND itinerary_versions.number = %(number)s"""
    },
    plan="SELECT wanted.title, wanted.plan_date, wanted.timezone FROM wanted",
    new=f"""
        SELECT {columns_of("itinerary_items")} FROM itinerary_items, wanted
        WHERE itinerary_items.version_id = wanted.id""",
    restored_from="(SELECT wanted.number FROM wanted)",
)
