"""Workflows over REST: their life from start to end, and their timeline."""

from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api_access import Blueprint, Scope, for_caller
from json_rows.listing import Selection
from json_rows.selection import changed, fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.planned import complete, fail
from service.domain.timeline import TIMELINE, timeline_of
from service.domain.workflows import (
    CANCEL_WORKFLOW,
    CHANGED_WORKFLOW,
    DELETED_WORKFLOW,
    HEARTBEAT,
    NEW_WORKFLOW,
    workflows,
)
from service.models import examples
from service.models.workflow import (
    WorkflowCreate,
    WorkflowFilter,
    WorkflowRead,
    WorkflowSummary,
    WorkflowUpdate,
)
from service.models.workflow_course import WorkflowCancel, WorkflowComplete, WorkflowFail

blueprint = Blueprint(
    "workflows",
    __name__,
    url_prefix="/workflows",
    description="Workflows: each plans a trip, from a person's wish to an itinerary.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


WORKFLOW_CHANGED = changed(WorkflowRead, WorkflowSummary)
CHANGED_FIELDS = fields_of(WorkflowRead, WorkflowSummary)


@blueprint.get("")
@blueprint.arguments(WorkflowFilter, location="query")
@blueprint.paginate(workflows.listing)
def list_workflows(filters: WorkflowFilter) -> Selection:
    """List workflows.

    The newest first, unless `sort` says otherwise; filters that are given all hold. Large members
    are only there with `include`.
    """
    return workflows.where(filters)


@blueprint.post("", needs=Scope.INGEST)
@blueprint.arguments(WorkflowCreate, example=examples.NEW_WORKFLOW)
@blueprint.response(201, WorkflowRead, etag=True, location="get_workflow")
@blueprint.alt_response(200, schema=WorkflowRead, description="The workflow was there already.")
def create_workflow(new: WorkflowCreate) -> Query:
    """Start a workflow.

    With an id of the client's own the request can be repeated: it finds the workflow that it
    started. A key that is bound to a user starts theirs.
    """
    return NEW_WORKFLOW.query(for_caller(new, "user_id"))


@blueprint.get("/<uuid:workflow_id>")
@blueprint.arguments(fields_of(WorkflowRead), location="query")
@blueprint.response(200, WorkflowRead, etag=True)
def get_workflow(chosen: Any, workflow_id: UUID) -> Query:
    """Get a workflow.

    With what its nodes and generations add up to; the ETag is for `If-Match`.
    """
    return workflows.get(workflow_id, chosen.fields)


@blueprint.patch("/<uuid:workflow_id>")
@blueprint.arguments(WorkflowUpdate, example={"name": "홍대 데이트, 저녁까지"})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.if_match(required=False)
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def update_workflow(
    changes: SQLModel, chosen: Any, workflow_id: UUID, versions: list[int] | None
) -> Query:
    """Change a workflow.

    Its name, session, intent, tags or metadata, at any time; members that are absent stay as they
    are. `If-Match` is optional: a workflow is mostly written by one agent.
    """
    return CHANGED_WORKFLOW.query(workflow_id, changes, versions, chosen.fields)


@blueprint.delete("/<uuid:workflow_id>")
@blueprint.if_match(required=False)
@blueprint.response(204)
def delete_workflow(workflow_id: UUID, versions: list[int] | None) -> Query:
    """Delete a workflow.

    Its nodes, states and generations go with it.
    """
    return DELETED_WORKFLOW.query(workflow_id, versions)


@blueprint.post(
    "/<uuid:workflow_id>/complete",
    needs=Scope.INGEST,
    path_examples={"workflow_id": examples.WORKFLOW_TO_COMPLETE},
)
@blueprint.arguments(
    WorkflowComplete, required=False, example={"final_itinerary": examples.ITINERARY}
)
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def complete_workflow(end: WorkflowComplete, chosen: Any, workflow_id: UUID) -> Query:
    """Complete a workflow.

    Its `itinerary`, else a `final_itinerary` that is a list of stops, becomes an itinerary of the
    person's, which the answer names; any other is only kept with the workflow.
    Nodes that are still open are cancelled with it. Completing a completed workflow changes
    nothing, and is 409 with another plan or time than before; from any other state than running the
    answer is 409, which names the current state and those allowed after it.
    """
    return complete(workflow_id, end, chosen.fields)


@blueprint.post(
    "/<uuid:workflow_id>/fail",
    needs=Scope.INGEST,
    path_examples={"workflow_id": examples.WORKFLOW_TO_FAIL},
)
@blueprint.arguments(WorkflowFail, example={"error_message": examples.WORKFLOW_ERROR})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def fail_workflow(end: WorkflowFail, chosen: Any, workflow_id: UUID) -> Query:
    """Fail a workflow.

    What there is of its plan makes an itinerary, as when it is completed.
    Nodes that are still open are cancelled with it. Failing a failed workflow changes nothing, and
    is 409 with other values than before; from another final state the answer is 409, which names
    the current state.
    """
    return fail(workflow_id, end, chosen.fields)


@blueprint.post(
    "/<uuid:workflow_id>/cancel",
    needs=Scope.INGEST,
    path_examples={"workflow_id": examples.WORKFLOW_TO_CANCEL},
)
@blueprint.arguments(WorkflowCancel, required=False, example={})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def cancel_workflow(end: WorkflowCancel, chosen: Any, workflow_id: UUID) -> Query:
    """Cancel a workflow.

    Nodes that are still open are cancelled with it. Cancelling a cancelled workflow changes
    nothing; from a final state the answer is 409, which names the current state.
    """
    return CANCEL_WORKFLOW.query(workflow_id, end, fields=chosen.fields)


@blueprint.post("/<uuid:workflow_id>/heartbeat", needs=Scope.INGEST)
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def record_heartbeat(chosen: Any, workflow_id: UUID) -> Query:
    """Record a sign of life.

    It tells that the agent of a workflow is at work; a workflow that is over takes none: 409.
    """
    return HEARTBEAT.query(workflow_id, fields=chosen.fields)


@blueprint.get("/<uuid:workflow_id>/timeline")
@blueprint.paginate(TIMELINE)
def get_timeline(workflow_id: UUID) -> Selection:
    """List the timeline of a workflow.

    Its nodes and generations in the order in which they began, and the questions in between, told
    apart by `kind`.
    """
    return timeline_of(workflow_id)
