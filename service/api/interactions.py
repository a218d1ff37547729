"""Questions to a person over REST: a workflow asks and waits, the person answers, it goes on."""

from typing import Any
from uuid import UUID

from api_access import Blueprint, Scope
from json_rows.listing import Selection
from json_rows.selection import changed, fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.interactions import AWAIT_INPUT, RESUME_WORKFLOW, interactions
from service.models import examples
from service.models.interaction import InteractionFilter, WorkflowAwaitInput, WorkflowResume
from service.models.workflow import WorkflowRead, WorkflowSummary

blueprint = Blueprint(
    "interactions",
    __name__,
    url_prefix="/workflows",
    description="Interactions: what workflows ask a person, and the answers.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


WORKFLOW_CHANGED = changed(WorkflowRead, WorkflowSummary)
CHANGED_FIELDS = fields_of(WorkflowRead, WorkflowSummary)


@blueprint.get("/<uuid:workflow_id>/interactions")
@blueprint.arguments(InteractionFilter, location="query")
@blueprint.paginate(interactions.listing)
def list_interactions(filters: InteractionFilter, workflow_id: UUID) -> Selection:
    """List what a workflow asks.

    Its questions in their order, with the answers; at most one has none.
    """
    return interactions.within(workflow_id, filters)


@blueprint.post(
    "/<uuid:workflow_id>/await-input",
    needs=Scope.INGEST,
    path_examples={"workflow_id": examples.WORKFLOW_TO_ASK},
)
@blueprint.arguments(WorkflowAwaitInput, example=examples.QUESTION)
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def await_input(question: WorkflowAwaitInput, chosen: Any, workflow_id: UUID) -> Query:
    """Ask a person.

    The workflow waits for the answer, and this is none of the agent's time. With an id of the
    client's own the request can be repeated. A workflow has one open question at a time: another
    one is 409, whose `interaction_id` names the one that is open.
    """
    return AWAIT_INPUT.query(workflow_id, question, fields=chosen.fields)


@blueprint.post(
    "/<uuid:workflow_id>/resume", path_examples={"workflow_id": examples.WORKFLOW_THAT_WAITS}
)
@blueprint.arguments(WorkflowResume, example={"answer": "5만원"})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, WORKFLOW_CHANGED, etag=True)
def resume_workflow(answer: WorkflowResume, chosen: Any, workflow_id: UUID) -> Query:
    """Answer the question of a workflow.

    The workflow is running again. With an id of the client's own the request can be repeated: it
    never answers a later question. Where nothing is asked, or another question than
    `interaction_id` names, the answer is 409.
    """
    return RESUME_WORKFLOW.query(workflow_id, answer, fields=chosen.fields)
