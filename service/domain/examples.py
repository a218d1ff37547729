"""The rows that the document's examples name, put back as the examples find them."""

import json
from uuid import UUID

from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from json_rows.unit_of_work import UnitOfWork
from service.domain.generations import NEW_GENERATION
from service.domain.interactions import AWAIT_INPUT
from service.domain.itineraries import new_itinerary
from service.domain.itinerary_members import invite
from service.domain.keys import KEYS
from service.domain.model_prices import NEW_MODEL_PRICE
from service.domain.nodes import NEW_NODE, PUT_NODE_STATE
from service.domain.shares import new_share
from service.domain.users import NEW_USER
from service.domain.workflows import NEW_WORKFLOW
from service.models import examples
from service.models.generation import GenerationCreate
from service.models.interaction import WorkflowAwaitInput
from service.models.itinerary import ItineraryCreate
from service.models.itinerary_member import GivenRole, MemberCreate
from service.models.model_price import ModelPriceCreate
from service.models.node import NodeCreate
from service.models.node_state import NodeStateWrite
from service.models.share_link import ShareCreate, ShareKind
from service.models.user import UserCreate
from service.models.workflow import WorkflowCreate
from service.settings import Settings

_OTHERS = (
    examples.WORKFLOW_TO_COMPLETE,
    examples.WORKFLOW_TO_FAIL,
    examples.WORKFLOW_TO_CANCEL,
    examples.WORKFLOW_TO_ASK,
    examples.WORKFLOW_THAT_WAITS,
)

_NODES = {
    examples.NODE_TO_START: "pending",
    examples.NODE_TO_COMPLETE: "running",
    examples.NODE_TO_FAIL: "running",
    examples.NODE_TO_SKIP: "pending",
}

_KEYS = (examples.KEY, examples.KEY_TO_ROTATE)

_LINKS = {
    examples.SHARE: (ShareKind.WEB, examples.SHARE_LINK),
    examples.FEED: (ShareKind.ICS, examples.FEED_LINK),
}

# The user stays: others of their workflows may be somebody's own.
_CLEAR = """
DELETE FROM workflows WHERE id = ANY(%(workflows)s::uuid[]);
DELETE FROM model_prices WHERE id = %(price)s;
DELETE FROM itineraries WHERE id = ANY(%(itineraries)s::uuid[]);
DELETE FROM audit_events WHERE key_id = ANY(%(keys)s::uuid[]);
DELETE FROM api_keys WHERE id = ANY(%(keys)s::uuid[]);
"""

_RESET = """
UPDATE users SET username = %(username)s, email = %(email)s, display_name = %(display_name)s,
    phone = NULL, locale = DEFAULT, timezone = DEFAULT, version = 1
WHERE id = %(id)s
"""


def restore(work: UnitOfWork) -> None:
    """Put the example rows back, in one transaction; what was added to an example workflow goes."""
    workflows = [examples.WORKFLOW, *_OTHERS]
    itineraries = [examples.ITINERARY_ID, examples.ITINERARY_TO_FILL]

    def do() -> None:
        work.begin()
        rows = {"price": examples.PRICE, "itineraries": itineraries, "keys": list(_KEYS)}
        work.execute(_CLEAR, {"workflows": workflows, **rows})
        for user in (examples.NEW_USER, examples.NEW_FRIEND):
            work.execute(_RESET, {"email": None, "display_name": None, **user})
            work.run(NEW_USER.query(UserCreate.model_validate(user)))
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
        question = WorkflowAwaitInput.model_validate(examples.NEW_INTERACTION)
        work.run(AWAIT_INPUT.query(UUID(examples.WORKFLOW_THAT_WAITS), question))
        generation = GenerationCreate.model_validate(examples.NEW_GENERATION)
        work.run(NEW_GENERATION.query(generation, workflow_id))
        _restore_itineraries(work, itineraries)
        for each in _KEYS:
            key = KeyCreate.model_validate({**examples.NEW_KEY, "id": each})
            # Nobody gets to see what is made up here.
            secret = KeyFormat(Settings.key_name, is_production=False).make()
            work.run(KEYS.create(secret, key, None))

    work.complete(do, is_repeatable=True)


def _restore_itineraries(work: UnitOfWork, itineraries: list[str]) -> None:
    for each in itineraries:
        new = {**examples.NEW_ITINERARY, "id": each}
        body = ItineraryCreate.model_validate_json(json.dumps(new))
        work.run(new_itinerary(body))
        friend = MemberCreate(user_id=UUID(examples.FRIEND), role=GivenRole.EDITOR)
        work.run(invite(body.id, friend))
    for link, (kind, token) in _LINKS.items():
        share = ShareCreate(id=UUID(link), kind=kind)
        work.run(new_share(share, UUID(examples.ITINERARY_ID), token))
