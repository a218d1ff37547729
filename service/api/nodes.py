"""Nodes of workflows over REST, and the agent's state after each."""

from typing import Any
from uuid import UUID

from api_access import Blueprint, Scope
from json_rows.listing import Selection
from json_rows.selection import changed, fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.nodes import (
    COMPLETE_NODE,
    FAIL_NODE,
    NEW_NODE,
    PUT_NODE_STATE,
    SKIP_NODE,
    START_NODE,
    node_states,
    nodes,
)
from service.models import examples
from service.models.node import (
    NodeComplete,
    NodeCreate,
    NodeFail,
    NodeFilter,
    NodeRead,
    NodeSkip,
    NodeStart,
    NodeSummary,
)
from service.models.node_state import NodeStateRead, NodeStateSummary, NodeStateWrite

blueprint = Blueprint(
    "nodes",
    __name__,
    description="Nodes: the pieces of work that workflows go through, one after another.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


NODE_CHANGED = changed(NodeRead, NodeSummary)
CHANGED_FIELDS = fields_of(NodeRead, NodeSummary)


@blueprint.get("/workflows/<uuid:workflow_id>/nodes")
@blueprint.arguments(NodeFilter, location="query")
@blueprint.paginate(nodes.listing)
def list_nodes(filters: NodeFilter, workflow_id: UUID) -> Selection:
    """List the nodes of a workflow.

    In their order, unless `sort` says otherwise. Input, output, traceback and state are only there
    with `include`.
    """
    return nodes.within(workflow_id, filters)


@blueprint.post("/workflows/<uuid:workflow_id>/nodes", needs=Scope.INGEST)
@blueprint.arguments(NodeCreate, example=examples.NEW_NODE)
@blueprint.response(201, NodeRead, location="get_node")
@blueprint.alt_response(200, schema=NodeRead, description="The node was there already.")
def create_node(new: NodeCreate, workflow_id: UUID) -> Query:
    """Record a node of a workflow.

    The service gives it the next seq of the workflow, unless the client brings one. A closed
    workflow takes no more nodes: 409.
    """
    return NEW_NODE.query(new, workflow_id)


@blueprint.get("/nodes/<uuid:node_id>")
@blueprint.arguments(fields_of(NodeRead), location="query")
@blueprint.response(200, NodeRead)
def get_node(chosen: Any, node_id: UUID) -> Query:
    """Get a node.

    With its input and output; the agent's state after it is a resource of its own.
    """
    return nodes.get(node_id, chosen.fields)


@blueprint.post(
    "/nodes/<uuid:node_id>/start",
    needs=Scope.INGEST,
    path_examples={"node_id": examples.NODE_TO_START},
)
@blueprint.arguments(NodeStart, required=False, example={})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, NODE_CHANGED)
def start_node(change: NodeStart, chosen: Any, node_id: UUID) -> Query:
    """Start a node.

    It must be pending; from any other state the answer is 409, which names the current state and
    those allowed after it.
    """
    return START_NODE.query(node_id, change, fields=chosen.fields)


@blueprint.post(
    "/nodes/<uuid:node_id>/complete",
    needs=Scope.INGEST,
    path_examples={"node_id": examples.NODE_TO_COMPLETE},
)
@blueprint.arguments(NodeComplete, required=False, example={"output": examples.OUTPUT})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, NODE_CHANGED)
def complete_node(change: NodeComplete, chosen: Any, node_id: UUID) -> Query:
    """Complete a node.

    It must be running. Completing it again changes nothing; from any other state the answer is 409.
    """
    return COMPLETE_NODE.query(node_id, change, fields=chosen.fields)


@blueprint.post(
    "/nodes/<uuid:node_id>/fail",
    needs=Scope.INGEST,
    path_examples={"node_id": examples.NODE_TO_FAIL},
)
@blueprint.arguments(NodeFail, example={"error_message": examples.NODE_ERROR})
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, NODE_CHANGED)
def fail_node(change: NodeFail, chosen: Any, node_id: UUID) -> Query:
    """Fail a node.

    It must be running. Failing it again changes nothing; from any other state the answer is 409.
    The workflow goes on.
    """
    return FAIL_NODE.query(node_id, change, fields=chosen.fields)


@blueprint.post(
    "/nodes/<uuid:node_id>/skip",
    needs=Scope.INGEST,
    path_examples={"node_id": examples.NODE_TO_SKIP},
)
@blueprint.arguments(
    NodeSkip, required=False, example={"skip_reason": "The wish names no restaurant."}
)
@blueprint.arguments(CHANGED_FIELDS, location="query")
@blueprint.response(200, NODE_CHANGED)
def skip_node(change: NodeSkip, chosen: Any, node_id: UUID) -> Query:
    """Skip a node.

    It must be pending or running. Skipping it again changes nothing; from any other state the
    answer is 409.
    """
    return SKIP_NODE.query(node_id, change, fields=chosen.fields)


@blueprint.get("/nodes/<uuid:node_id>/state")
@blueprint.arguments(fields_of(NodeStateRead), location="query")
@blueprint.response(200, NodeStateRead)
def get_node_state(chosen: Any, node_id: UUID) -> Query:
    """Get the state after a node.

    The agent's full state, as it was kept; 404 when none was.
    """
    return node_states.get(node_id, chosen.fields)


@blueprint.put("/nodes/<uuid:node_id>/state", needs=Scope.INGEST)
@blueprint.arguments(NodeStateWrite, example={"state": examples.STATE})
@blueprint.arguments(fields_of(NodeStateRead, NodeStateSummary), location="query")
@blueprint.response(200, changed(NodeStateRead, NodeStateSummary))
def put_node_state(state: NodeStateWrite, chosen: Any, node_id: UUID) -> Query:
    """Keep the state after a node.

    The agent's full state, in place of the one before.
    """
    return PUT_NODE_STATE.query(node_id, state, chosen.fields)
