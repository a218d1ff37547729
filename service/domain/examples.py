"""The rows that the document's examples name, put back as the examples find them."""

from typing import Any
from uuid import UUID

from json_rows.unit_of_work import UnitOfWork
from service.domain.generations import new_generation
from service.domain.model_prices import NEW_MODEL_PRICE
from service.domain.nodes import new_node, write_state
from service.domain.users import NEW_USER
from service.domain.workflows import NEW_WORKFLOW
from service.models import examples
from service.models.generation import GenerationCreate
from service.models.model_price import ModelPriceCreate
from service.models.node import NodeCreate
from service.models.node_state import NodeStateWrite
from service.models.user import UserCreate
from service.models.workflow import WorkflowCreate

_RUNS = (
    examples.WORKFLOW_TO_COMPLETE,
    examples.WORKFLOW_TO_FAIL,
    examples.WORKFLOW_TO_CANCEL,
)

_NODES = {
    examples.NODE_TO_START: "pending",
    examples.NODE_TO_COMPLETE: "running",
    examples.NODE_TO_FAIL: "running",
    examples.NODE_TO_SKIP: "pending",
}

# The user stays: others of their runs may be somebody's own.
_CLEAR = """
DELETE FROM workflows WHERE id = ANY(%(runs)s::uuid[]);
DELETE FROM model_prices WHERE id = %(price)s;
UPDATE users SET username = %(username)s, email = %(email)s, display_name = %(display_name)s,
    phone = NULL, locale = DEFAULT, timezone = DEFAULT, version = 1
WHERE id = %(id)s
"""


def restore(work: UnitOfWork) -> None:
    """Put the example rows back, in one transaction; what was added to an example run goes."""
    new_user: dict[str, Any] = examples.NEW_USER
    runs = [examples.WORKFLOW, *_RUNS]

    def do() -> None:
        work.begin()
        work.execute(_CLEAR, {"runs": runs, "price": examples.PRICE, **new_user})
        work.run(NEW_USER.query(UserCreate.model_validate(new_user)))
        work.run(NEW_MODEL_PRICE.query(ModelPriceCreate.model_validate(examples.NEW_PRICE)))
        for run in runs:
            body = WorkflowCreate.model_validate({**examples.NEW_WORKFLOW, "id": run})
            work.run(NEW_WORKFLOW.query(body))
        run_id = UUID(examples.WORKFLOW)
        work.run(new_node(run_id, NodeCreate.model_validate(examples.NEW_NODE)))
        for node, status in _NODES.items():
            new = {**examples.NEW_NODE, "id": node, "status": status}
            work.run(new_node(run_id, NodeCreate.model_validate(new)))
        work.run(write_state(UUID(examples.NODE), NodeStateWrite(state=examples.STATE)))
        call = GenerationCreate.model_validate(examples.NEW_GENERATION)
        work.run(new_generation(run_id, call))

    work.complete(do, is_repeatable=True)
