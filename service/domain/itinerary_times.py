"""When items begin and end on the clock of their place, and what about them can't be meant so.

SQL of Postgres's, which reads a clock time that a change to summer time skips as if the clock had
gone on unchanged (02:30 is 03:30 then), and one that comes twice as the second of the two.
"""

from json_rows.resource import Resource

_SPAN = "({plan}.plan_date + {item}.start_minute * interval '1 minute')"
_BEGIN = f"({_SPAN} AT TIME ZONE {{plan}}.timezone)"
_END = f"({_BEGIN} + {{item}}.duration_minutes * interval '1 minute')"

_LONGEST_CHANGE = "interval '4 hours'"
"""No clock has been moved by more at once since 1970, but for two that skipped a day."""


def _on_the_clock(moment: str) -> str:
    """Write a moment as RFC 3339, with the offset that the place has then."""
    # OFFSET 0 keeps the planner from writing the moment into each place where it is read.
    return f"""(
        SELECT to_char(clock.there, 'YYYY-MM-DD"T"HH24:MI:SS')
            || CASE WHEN clock.there < clock.utc THEN '-' ELSE '+' END
            || to_char(greatest(clock.there - clock.utc, clock.utc - clock.there), 'HH24:MI')
        FROM (SELECT {moment} AT TIME ZONE {{plan}}.timezone AS there,
            {moment} AT TIME ZONE 'UTC' AS utc OFFSET 0) AS clock)"""


_BEGINS, _ENDS = _on_the_clock(_BEGIN), _on_the_clock(_END)


def times(item: str, plan: str) -> dict[str, str]:
    """Write when an item begins and ends, by member: null where the plan is for any day."""
    return {
        "starts_at": _BEGINS.format(item=item, plan=plan),
        "ends_at": _ENDS.format(item=item, plan=plan),
    }


def items_of(
    items: Resource, plan: str, found: str = "itinerary_items", source: str = "itinerary_items"
) -> str:
    """Write the items of a plan as a JSON array, in their order.

    `plan` is a row with its day and zone, `source` what has the items among the rows `found`.
    """
    # `plan` may be a row that is named later, as `{row}`.
    named_later = plan.replace("{", "{{").replace("}", "}}")
    row = items.row("item", items.members.all, times("item", named_later))
    return f"""coalesce((
        SELECT json_agg(row_to_json(shown) ORDER BY item.position)
        FROM (SELECT {source}.* FROM {found}) AS item, {row}
    ), '[]')"""


_WORDS = {
    "overlap": "It begins before the item at position %% has ended.",
    "out_of_order": "It begins before the item at position %%, which comes before it.",
    "leg_too_long": "The way to it from the item at position %% takes longer than there is time.",
    "clock_skips": "The clock is put forward then: this time of the day is not there.",
    "clock_repeats": "The clock is put back then: this time of the day comes twice; it is the "
    "second.",
}
"""What a warning says, by its code; `%%` is the position of the other item."""


def warnings_of(plan: str, found: str = "itinerary_items", source: str = "itinerary_items") -> str:
    """Write what about a plan can't be meant so, as a JSON array in the order of its items.

    With the same parameters as `items_of`.
    """
    cases = " ".join(f"WHEN '{code}' THEN '{words}'" for code, words in _WORDS.items())
    return f"""coalesce((
        SELECT json_agg(json_build_object(
            'code', warned.code, 'position', timed.position, 'item_id', timed.item_id,
            'other_position', warned.other,
            'message', replace(
                CASE warned.code {cases} END, '%%', coalesce(warned.other::text, ''))
        ) ORDER BY timed.position, warned.code)
        FROM (
            SELECT placed.*,
                max(ARRAY[placed.ends, placed.position]) OVER (
                    ORDER BY placed.begins, placed.position
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy,
                lag(placed.position) OVER following AS last_position,
                lag(placed.begins) OVER following AS last_begins,
                lag(placed.ends) OVER following AS last_ends,
                lag(placed.way) OVER following AS last_way
            FROM (
                {_placed(plan, found, source)}
            ) AS placed
            WINDOW following AS (ORDER BY placed.position)
        ) AS timed, LATERAL (VALUES
            ('overlap', timed.busy[2], timed.begins < timed.busy[1]),
            ('out_of_order', timed.last_position, timed.begins < timed.last_begins),
            ('leg_too_long', timed.last_position,
                timed.begins BETWEEN timed.last_ends AND timed.last_ends + timed.last_way - 1),
            ('clock_skips', NULL, timed.skipped),
            ('clock_repeats', NULL, timed.repeated)
        ) AS warned(code, other, holds)
        WHERE warned.holds
    ), '[]')"""


def _placed(plan: str, found: str, source: str) -> str:
    """Write where items lie in time, in minutes, and what the clock of the place does to them."""
    begin = _BEGIN.format(item=source, plan=plan)
    span = _SPAN.format(item=source, plan=plan)
    before = f"(clock.begin - {_LONGEST_CHANGE})"
    zone = f"AT TIME ZONE {plan}.timezone"
    # The same time of the day by the offset of before, if that is another moment.
    first = f"(clock.span - ({before} {zone}) + {before})"
    return f"""
        SELECT clock.position, clock.item_id, clock.way, clock.minute AS begins,
            clock.minute + clock.duration_minutes AS ends,
            clock.begin {zone} <> clock.span AS skipped,
            {first} <> clock.begin AND {first} {zone} = clock.span AS repeated
        FROM (
            SELECT each.*, coalesce(
                extract(epoch FROM each.begin)::bigint / 60, each.start_minute) AS minute
            FROM (
                SELECT {source}.position::bigint, {source}.item_id, {source}.start_minute,
                    {source}.duration_minutes, ({source}.leg ->> 'minutes')::bigint AS way,
                    {span} AS span, {begin} AS begin
                FROM {found} OFFSET 0
            ) AS each OFFSET 0
        ) AS clock"""
