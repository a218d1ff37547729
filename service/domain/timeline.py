"""The timeline of a workflow: its nodes, generations and questions in their order in time."""

from uuid import UUID

from json_rows.listing import Listing, Selection
from json_rows.resource import Resource
from service.domain.generations import generations
from service.domain.interactions import interactions
from service.domain.nodes import nodes
from service.domain.workflows import workflows
from service.models.timeline import TimelineEntry, TimelineItem

_ENTRIES = f"""(
    SELECT nodes.id, 'node'::text AS kind, coalesce(nodes.started_at, nodes.created_at) AS at,
        nodes.workflow_id
    FROM nodes WHERE {nodes.owned}
    UNION ALL
    SELECT generations.id, 'generation'::text, generations.created_at,
        generations.workflow_id
    FROM generations WHERE {generations.owned}
    UNION ALL
    SELECT interactions.id, 'interaction'::text, interactions.requested_at,
        interactions.workflow_id
    FROM interactions WHERE {interactions.owned}
) AS timeline"""


def _member(kind: str, resource: Resource) -> str:
    """Write the row behind an entry; null for one of another kind.

    In the union it would write the JSON of the whole workflow for each page.
    """
    return f"""(
        SELECT row_to_json(shown)
        FROM {resource.name}, {resource.row(resource.name, resource.members.usual)}
        WHERE {resource.column("id")} = page.id AND page.kind = '{kind}'
            AND {resource.owned}
    )"""


TIMELINE = Listing(
    "Timeline",
    _ENTRIES,
    TimelineEntry,
    shape=TimelineItem,
    conditions={"workflow_id": "timeline.workflow_id = %(workflow_id)s"},
    sorts={"at": "timeline.at"},
    default_sort="at",
    more={
        "node": _member("node", nodes),
        "generation": _member("generation", generations),
        "interaction": _member("interaction", interactions),
    },
    large=frozenset({"generation"}),
)


def timeline_of(workflow_id: UUID) -> Selection:
    """Choose the timeline of a workflow."""
    there = workflows.get(workflow_id, ["id"])
    return TIMELINE.where(parent=there, workflow_id=workflow_id)
