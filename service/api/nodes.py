"""Steps of runs over REST, and the agent's state after each."""

from typing import Any
from uuid import UUID

from service.api.blueprint import Blueprint
from service.api.documentation import LOCATION
from service.api.selection import fields_of
from service.db.statement import Query
from service.domain.listing import Selection
from service.domain.nodes import (
    COMPLETE_NODE,
    FAIL_NODE,
    NODE,
    NODE_STATE,
    NODES,
    SKIP_NODE,
    START_NODE,
    new_node,
    write_state,
)
from service.domain.workflows import WORKFLOW
from service.models.node import (
    NodeComplete,
    NodeCreate,
    NodeFail,
    NodeFields,
    NodeFilter,
    NodeRead,
    NodeSkip,
    NodeStart,
    NodeStateRead,
    NodeStateWrite,
)

blueprint = Blueprint("nodes", __name__, url_prefix="/v1", description="The steps of runs.")


@blueprint.get("/workflows/<uuid:workflow_id>/nodes")
@blueprint.arguments(NodeFilter, location="query")
@blueprint.paginate(NODES)
def list_nodes(filters: NodeFilter, workflow_id: UUID) -> Selection:
    """List the steps of a run in their order."""
    parent = WORKFLOW.get(workflow_id, ["id"])
    return NODES.where(filters, workflow_id=workflow_id, parent=parent)


@blueprint.post("/workflows/<uuid:workflow_id>/nodes")
@blueprint.arguments(NodeCreate)
@blueprint.response(201, NodeRead, headers={"Location": LOCATION})
@blueprint.alt_response(200, schema=NodeRead, description="The step was there already.")
def create_node(new: NodeCreate, workflow_id: UUID) -> tuple[Query, dict[str, str]]:
    """Record a step of a run.

    The service gives it the next seq of the run, unless the client brings one. A closed run takes
    no more steps: 409.
    """
    return new_node(workflow_id, new), {"Location": f"/v1/nodes/{new.id}"}


@blueprint.get("/nodes/<uuid:node_id>")
@blueprint.arguments(fields_of(NodeRead), location="query")
@blueprint.response(200, NodeRead | NodeFields)
def get_node(chosen: Any, node_id: UUID) -> Query:
    """Get a step."""
    return NODE.get(node_id, chosen.fields)


@blueprint.post("/nodes/<uuid:node_id>/start")
@blueprint.arguments(NodeStart, required=False)
@blueprint.response(200, NodeRead)
def start_node(change: NodeStart, node_id: UUID) -> Query:
    """Start a pending step."""
    return START_NODE.query(node_id, change)


@blueprint.post("/nodes/<uuid:node_id>/complete")
@blueprint.arguments(NodeComplete, required=False)
@blueprint.response(200, NodeRead)
def complete_node(change: NodeComplete, node_id: UUID) -> Query:
    """Complete a running step; completing it again changes nothing."""
    return COMPLETE_NODE.query(node_id, change)


@blueprint.post("/nodes/<uuid:node_id>/fail")
@blueprint.arguments(NodeFail)
@blueprint.response(200, NodeRead)
def fail_node(change: NodeFail, node_id: UUID) -> Query:
    """Fail a running step; failing it again changes nothing."""
    return FAIL_NODE.query(node_id, change)


@blueprint.post("/nodes/<uuid:node_id>/skip")
@blueprint.arguments(NodeSkip, required=False)
@blueprint.response(200, NodeRead)
def skip_node(change: NodeSkip, node_id: UUID) -> Query:
    """Skip a step that is pending or running; skipping it again changes nothing."""
    return SKIP_NODE.query(node_id, change)


@blueprint.get("/nodes/<uuid:node_id>/state")
@blueprint.response(200, NodeStateRead)
def get_node_state(node_id: UUID) -> Query:
    """Get the agent's full state after a step."""
    return NODE_STATE.get(node_id)


@blueprint.put("/nodes/<uuid:node_id>/state")
@blueprint.arguments(NodeStateWrite)
@blueprint.response(200, NodeStateRead)
def put_node_state(state: NodeStateWrite, node_id: UUID) -> Query:
    """Keep the agent's full state after a step, in place of the one before."""
    return write_state(node_id, state)
