"""The rows that the document's examples name, put back as the examples find them."""

from typing import Any
from uuid import UUID

from json_rows.unit_of_work import UnitOfWork
from service.domain.generations import NEW_GENERATION
from service.domain.model_prices import NEW_MODEL_PRICE
from service.domain.nodes import NEW_NODE, PUT_NODE_STATE
from service.domain.users import NEW_USER
from service.domain.workflows import NEW_WORKFLOW
from service.models import examples
from service.models.generation import GenerationCreate
from service.models.model_price import ModelPriceCreate
from service.models.node import NodeCreate
from service.models.node_state import NodeStateWrite
from service.models.user import UserCreate
from service.models.workflow import WorkflowCreate

_ENDED = (examples.WORKFLOW_TO_COMPLETE, examples.WORKFLOW_TO_FAIL, examples.WORKFLOW_TO_CANCEL)

_NODES = {
    examples.NODE_TO_START: "pending",
    examples.NODE_TO_COMPLETE: "running",
    examples.NODE_TO_FAIL: "running",
    examples.NODE_TO_SKIP: "pending",
}

# The user stays: others of their workflows may be somebody's own.
_CLEAR = """
DELETE FROM workflows WHERE id = ANY(%(workflows)s::uuid[]);
DELETE FROM model_prices WHERE id = %(price)s;
UPDATE users SET username = %(username)s, email = %(email)s, display_name = %(display_name)s,
    phone = NULL, locale = DEFAULT, timezone = DEFAULT, version = 1
WHERE id = %(id)s
"""


def restore(work: UnitOfWork) -> None:
    """Put the example rows back, in one transaction; what was added to an example workflow goes."""
    new_user: dict[str, Any] = examples.NEW_USER
    workflows = [examples.WORKFLOW, *_ENDED]

    def do() -> None:
        work.begin()
        work.execute(_CLEAR, {"workflows": workflows, "price": examples.PRICE, **new_user})
        work.run(NEW_USER.query(UserCreate.model_validate(new_user)))
        work.run(NEW_MODEL_PRICE.query(ModelPriceCreate.model_validate(examples.NEW_PRICE)))
        for each in workflows:
            body = WorkflowCreate.model_validate({**examples.NEW_WORKFLOW, "id": each})
            work.run(NEW_WORKFLOW.query(body))
        workflow_id = UUID(examples.WORKFLOW)
        work.run(NEW_NODE.query(NodeCreate.model_validate(examples.NEW_NODE), workflow_id))
        for node, status in _NODES.items():
            new = {**examples.NEW_NODE, "id": node, "status": status}
            work.run(NEW_NODE.query(NodeCreate.model_validate(new), workflow_id))
        work.run(PUT_NODE_STATE.query(UUID(examples.NODE), NodeStateWrite(state=examples.STATE)))
        generation = GenerationCreate.model_validate(examples.NEW_GENERATION)
        work.run(NEW_GENERATION.query(generation, workflow_id))

    work.complete(do, is_repeatable=True)
