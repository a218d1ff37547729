"""Workflows that end with a plan, and make an itinerary of it in the same statement."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from json_rows.statement import Query
from service.domain.itineraries import began_as, first_version, itineraries
from service.domain.itinerary_items import in_order
from service.domain.workflows import end
from service.models.final_itinerary import UnreadableError, read
from service.models.status import WorkflowStatus
from service.models.workflow import DEFAULT_NAME
from service.models.workflow_course import PlanFound, PlanGiven, WorkflowComplete, WorkflowFail

End = TypeVar("End", WorkflowComplete, WorkflowFail)

LONGEST_NOTE = 4000
"""How long a note on repairs gets: lists show it, and the workflow keeps all that was given."""

_PARTS = {"itineraries": "/itinerary"}

_PLAN = "SELECT %(json)s::jsonb -> 'itinerary' AS plan"

# What lists show of it: the name that somebody gave the workflow, else the wish.
_TITLE = f"""left(btrim(regexp_replace(
    CASE WHEN changed.name = '{DEFAULT_NAME}' THEN changed.user_input ELSE changed.name END,
    '\\s+', ' ', 'g')), 200)"""

_ITINERARY = f"""
    INSERT INTO itineraries (id, user_id, workflow_id, created_via, title, plan_date, timezone,
        legacy_note)
    SELECT (planned.plan ->> 'id')::uuid, changed.user_id, changed.id, 'agent',
        coalesce(planned.plan ->> 'title', nullif({_TITLE}, ''), '{DEFAULT_NAME}'),
        (planned.plan ->> 'plan_date')::date,
        coalesce(planned.plan ->> 'timezone', changed.timezone), planned.plan ->> 'legacy_note'
    FROM changed, planned
    WHERE jsonb_typeof(planned.plan) = 'object'
        AND (%(owner)s::uuid IS NULL OR changed.user_id = %(owner)s::uuid)
    RETURNING itineraries.*"""

_MADE = {
    "planned": _PLAN,
    "made": _ITINERARY,
    **first_version("made", "(SELECT planned.plan -> 'items' FROM planned)"),
}

_SHOWN = {"itinerary_id": "(SELECT made.id FROM made)"}

# The plan with which the workflow ended, as its first version has it; items have new ids each time.
# One that was read in a `final_itinerary` (it has a note) is compared as that.
_OTHER = f"""array_remove(ARRAY[(
    SELECT 'itinerary' FROM (SELECT %(json)s::jsonb -> 'itinerary' AS plan) AS sent
    WHERE jsonb_typeof(sent.plan) = 'object' AND NOT sent.plan ? 'legacy_note' AND NOT EXISTS (
        SELECT FROM itineraries
        WHERE itineraries.workflow_id = workflows.id AND itineraries.created_via = 'agent'
            AND {itineraries.owned} AND {began_as("sent.plan", apart_from="item_id")})
)]::text[], NULL)"""

COMPLETE_WORKFLOW = end(
    WorkflowStatus.COMPLETED, WorkflowComplete, also=_MADE, more=_SHOWN, other=_OTHER
)
FAIL_WORKFLOW = end(WorkflowStatus.FAILED, WorkflowFail, also=_MADE, more=_SHOWN, other=_OTHER)


def complete(
    workflow_id: UUID, body: WorkflowComplete, fields: Sequence[str] | None = None
) -> Query:
    """Complete a workflow, and make its itinerary."""
    query = COMPLETE_WORKFLOW.query(workflow_id, _with_itinerary(body), fields=fields)
    return replace(query, parts=_PARTS)


def fail(workflow_id: UUID, body: WorkflowFail, fields: Sequence[str] | None = None) -> Query:
    """Fail a workflow, and make an itinerary of what there is of its plan."""
    query = FAIL_WORKFLOW.query(workflow_id, _with_itinerary(body), fields=fields)
    return replace(query, parts=_PARTS)


def _with_itinerary(body: End) -> End:
    """Give an end its itinerary: the one of the body, else what can be read in `final_itinerary`.

    What can't be read is kept as it is, and makes none.
    """
    given = body.itinerary
    if given is None and body.final_itinerary is not None:
        given = _read(body.final_itinerary)
    if given is None:
        return body
    plan = given.model_copy(update={"items": in_order(given.items, "/itinerary/items")})
    return body.model_copy(update={"itinerary": plan})


def _read(final_itinerary: object) -> PlanGiven | None:
    try:
        stops = read(final_itinerary)
    except UnreadableError:
        return None
    note = "\n".join(
        f"{repair}: {json.dumps(was, ensure_ascii=False)}" for repair, was in stops.repairs
    )
    if len(note) > LONGEST_NOTE:
        note = note[: LONGEST_NOTE - 1] + "…"
    return PlanFound(items=stops.items, legacy_note=note or None)
