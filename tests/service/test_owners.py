"""Each statement of the service's resources finds the rows of who asks, and no trace of others'."""

from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

import service.domain
from json_rows import Changed, Deleted, New, Put, Resource, Transition, UnitOfWork, stream
from json_rows.listing import Page, cut
from service.domain.generations import NEW_GENERATION, generations
from service.domain.interactions import AWAIT_INPUT, RESUME_WORKFLOW, interactions
from service.domain.itineraries import NEW_DUPLICATE, NEW_ITINERARY, itineraries, versions
from service.domain.itinerary_edits import Edit
from service.domain.itinerary_members import members
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
from service.domain.person import ERASED_USER, HELD
from service.domain.planned import COMPLETE_WORKFLOW, FAIL_WORKFLOW
from service.domain.shares import NEW_LIVE_SHARE, NEW_PINNED_SHARE, REVOKED_SHARE, shares
from service.domain.timeline import TIMELINE, timeline_of
from service.domain.users import (
    CHANGED_USER,
    NEW_USER,
    get_or_create,
    users,
    users_like,
)
from service.domain.workflows import (
    CANCEL_WORKFLOW,
    CHANGED_WORKFLOW,
    DELETED_WORKFLOW,
    HEARTBEAT,
    NEW_WORKFLOW,
    workflows,
)
from service.models.generation import GenerationCreate, GenerationFilter
from service.models.interaction import InteractionFilter, WorkflowAwaitInput, WorkflowResume
from service.models.itinerary import ItineraryCreate, ItineraryFilter
from service.models.itinerary_edit import Duplicate
from service.models.node import (
    NodeComplete,
    NodeCreate,
    NodeFail,
    NodeFilter,
    NodeSkip,
    NodeStart,
)
from service.models.node_state import NodeStateWrite
from service.models.share_link import ShareRevocation, ShareWrite
from service.models.user import UserCreate, UserFilter, UserProvision, UserUpdate
from service.models.workflow import (
    WorkflowCreate,
    WorkflowFilter,
    WorkflowUpdate,
)
from service.models.workflow_course import WorkflowCancel, WorkflowComplete, WorkflowFail
from smorest_sqlmodel.errors import ApiError
from tests.service.itineraries import operations as of_itineraries

UNKNOWN = UUID("01890000-0000-7000-8000-00000000dead")
MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def generation(**values: Any) -> GenerationCreate:
    return GenerationCreate(model_provider="ollama", model_name="llama3.2", **values)


def link(**values: Any) -> ShareWrite:
    return ShareWrite(expires_at=MOMENT, digest=rf"\x{'00' * 32}", **values)


class Keys:
    """The ids of rows of a user, one of each kind, and who asks for them."""

    def __init__(self, *keys: UUID) -> None:
        self.user, self.workflow, self.node, self.generation = keys[:4]
        self.itinerary, self.link = keys[4:]
        self.asker, self.own_workflow = self.user, self.workflow


def rows_of(make, **values):
    """Make rows of a user."""
    user = make.user(**values)
    workflow = make.workflow(user_id=user["id"])
    node = make.node(workflow["id"])
    make.node(workflow["id"], status="pending")
    make.question(workflow["id"])
    generation = make.generation(workflow["id"], node_id=node["id"])
    itinerary = make.itinerary(user_id=user["id"], workflow_id=workflow["id"])
    link = make.share(itinerary["id"])
    rows = (user, workflow, node, generation, itinerary, link)
    return Keys(*(UUID(row["id"]) for row in rows))


@pytest.fixture
def theirs(make):
    return rows_of(make, username="그들")


@pytest.fixture
def mine(make):
    return rows_of(make)


QUERIES = {
    "user": lambda on: users.get(on.user),
    "user changed": lambda on: CHANGED_USER.query(on.user, UserUpdate(phone="010"), None),
    "user changed, seen": lambda on: CHANGED_USER.query(on.user, UserUpdate(phone="010"), [1]),
    "user changed, unseen": lambda on: CHANGED_USER.query(on.user, UserUpdate(phone="1"), [9]),
    "user deleted": lambda on: ERASED_USER.query(on.user, principal="x"),
    "user deleted, unseen": lambda on: ERASED_USER.query(on.user, [9], principal="x"),
    "workflow": lambda on: workflows.get(on.workflow),
    "workflow in part": lambda on: workflows.get(on.workflow, ["id"]),
    "workflow changed": lambda on: CHANGED_WORKFLOW.query(on.workflow, WorkflowUpdate(name="x")),
    "workflow changed, unseen": lambda on: CHANGED_WORKFLOW.query(
        on.workflow, WorkflowUpdate(name="x"), [99]
    ),
    "workflow deleted": lambda on: DELETED_WORKFLOW.query(on.workflow),
    "completed": lambda on: COMPLETE_WORKFLOW.query(on.workflow, WorkflowComplete()),
    "failed": lambda on: FAIL_WORKFLOW.query(
        on.workflow, WorkflowFail(error_type="x", error_message="x")
    ),
    "cancelled": lambda on: CANCEL_WORKFLOW.query(on.workflow, WorkflowCancel()),
    "heartbeat": lambda on: HEARTBEAT.query(on.workflow),
    "asked": lambda on: AWAIT_INPUT.query(on.workflow, WorkflowAwaitInput(question="?")),
    "answered": lambda on: RESUME_WORKFLOW.query(on.workflow, WorkflowResume(answer="!")),
    "their node asks": lambda on: AWAIT_INPUT.query(
        on.own_workflow, WorkflowAwaitInput(question="?", node_id=on.node)
    ),
    "new node": lambda on: NEW_NODE.query(NodeCreate(node_name="x"), on.workflow),
    "node": lambda on: nodes.get(on.node),
    "node started": lambda on: START_NODE.query(on.node, NodeStart()),
    "node completed": lambda on: COMPLETE_NODE.query(on.node, NodeComplete()),
    "node failed": lambda on: FAIL_NODE.query(on.node, NodeFail(error_message="x")),
    "node skipped": lambda on: SKIP_NODE.query(on.node, NodeSkip()),
    "node state": lambda on: node_states.get(on.node),
    "node state put": lambda on: PUT_NODE_STATE.query(on.node, NodeStateWrite(state={})),
    "new generation": lambda on: NEW_GENERATION.query(generation(), on.workflow),
    "generation": lambda on: generations.get(on.generation),
    "parent": lambda on: NEW_WORKFLOW.query(
        WorkflowCreate(user_id=on.asker, user_input="x", parent_workflow_id=on.workflow)
    ),
    "for another": lambda on: NEW_WORKFLOW.query(WorkflowCreate(user_id=on.user, user_input="x")),
    "their node": lambda on: NEW_GENERATION.query(generation(node_id=on.node), on.own_workflow),
    "their parent node": lambda on: NEW_NODE.query(
        NodeCreate(node_name="x", parent_node_id=on.node), on.own_workflow
    ),
    "link": lambda on: shares.get(on.link),
    "new link": lambda on: NEW_PINNED_SHARE.query(link(), on.itinerary),
    "new live link": lambda on: NEW_LIVE_SHARE.query(link(), on.itinerary),
    "new link to a version": lambda on: NEW_PINNED_SHARE.query(
        link(pinned_version=99), on.itinerary
    ),
    "link revoked": lambda on: REVOKED_SHARE.query(on.link, ShareRevocation(revoked_at=MOMENT)),
    "itinerary for another": lambda on: NEW_ITINERARY.query(
        ItineraryCreate(user_id=on.user, title="x")
    ),
    "duplicate for another": lambda on: NEW_DUPLICATE.query(
        Duplicate(user_id=on.user), on.itinerary
    ),
    "itinerary of their workflow": lambda on: NEW_ITINERARY.query(
        ItineraryCreate(user_id=on.asker, title="x", workflow_id=on.workflow)
    ),
}


def on_itinerary(query):
    """Ask for an itinerary, in the place of whoever may see it."""
    return lambda on: query(
        on.itinerary,
        SimpleNamespace(owner=on.user, editor=on.user, asker=on.asker, stranger=on.asker),
    )


QUERIES |= {
    f"itinerary: {name}": on_itinerary(query)
    for name, query in (of_itineraries.SEEN | of_itineraries.CHANGED | of_itineraries.OWNED).items()
}


OPERATIONS = (New, Put, Changed, Transition, Deleted, Edit)


def names_of_what_is_owned():
    """Name all that modules of `service.domain` declare where a resource is somebody's."""
    for each in iter_modules(service.domain.__path__):
        declared = vars(import_module(f"service.domain.{each.name}"))
        if any(
            isinstance(value, Edit) or (isinstance(value, Resource) and value.owner)
            for value in declared.values()
        ):
            yield from (name for name, value in declared.items() if isinstance(value, OPERATIONS))


def test_no_operation_on_owned_rows_is_missing_here():
    known = globals().keys() | vars(of_itineraries).keys()
    missing = set(names_of_what_is_owned()) - known
    assert not missing, f"QUERIES has nothing of {', '.join(sorted(missing))}."


def said(work, query):
    """All that a query answers: what is told of an error, or the row."""
    try:
        return work.run(query)
    except ApiError as error:
        return type(error), error.detail, error.errors, error.members, error.headers


@pytest.mark.parametrize("name", QUERIES)
def test_rows_of_others_are_as_those_that_are_not_there(name, database, theirs, mine):
    nobodys = Keys(*[UNKNOWN] * 6)
    for each in (theirs, nobodys):
        each.asker, each.own_workflow = mine.user, mine.workflow
    with UnitOfWork(database, owner=mine.user) as work:
        answers = [said(work, QUERIES[name](each)) for each in (theirs, nobodys)]
    assert answers[0] == answers[1]
    assert issubclass(answers[0][0], ApiError)
    # Nobody in particular finds them.
    with UnitOfWork(database) as work:
        assert work.run(workflows.get(theirs.workflow)).version == 5


def test_a_closed_workflow_of_others_does_not_tell_that_it_is_closed(
    client, database, theirs, mine
):
    assert client.post(f"/v1/workflows/{theirs.workflow}/cancel", json={}).status_code == 200
    with UnitOfWork(database, owner=mine.user) as work:
        for query in (
            FAIL_WORKFLOW.query(theirs.workflow, WorkflowFail(error_type="x", error_message="x")),
            COMPLETE_WORKFLOW.query(theirs.workflow, WorkflowComplete()),
            NEW_NODE.query(NodeCreate(node_name="x"), theirs.workflow),
            START_NODE.query(theirs.node, NodeStart()),
            HEARTBEAT.query(theirs.workflow),
            AWAIT_INPUT.query(theirs.workflow, WorkflowAwaitInput(question="?")),
            RESUME_WORKFLOW.query(theirs.workflow, WorkflowResume(answer="!")),
        ):
            _, detail, *_ = said(work, query)
            assert detail in {"There is no such workflow.", "There is no such node."}


SELECTIONS = {
    "users": lambda _: users_like(UserFilter()),
    "users named": lambda _: users_like(UserFilter(username="그들")),
    "users searched": lambda _: users_like(UserFilter(q="그들")),
    "workflows": lambda _: workflows.where(WorkflowFilter()),
    "workflows of them": lambda on: workflows.where(WorkflowFilter(user_id=on.user)),
    "workflows by node": lambda _: workflows.where(WorkflowFilter(node_name="analyze_user_input")),
    "workflows by model": lambda _: workflows.where(WorkflowFilter(model="llama3.2")),
    "generations": lambda _: generations.where(GenerationFilter()),
    "generations of them": lambda on: generations.where(GenerationFilter(user_id=on.user)),
    "generations by node": lambda _: generations.where(
        GenerationFilter(node_name="analyze_user_input", started_after=MOMENT)
    ),
    "nodes": lambda on: nodes.within(on.workflow, NodeFilter()),
    "generations within": lambda on: generations.within(on.workflow),
    "interactions": lambda on: interactions.within(on.workflow, InteractionFilter()),
    "the open one": lambda on: interactions.within(on.workflow, InteractionFilter(answered=False)),
    "timeline": lambda on: timeline_of(on.workflow),
    "links within": lambda on: shares.within(on.itinerary),
    "itineraries": lambda _: itineraries.where(),
    "itineraries of them": lambda on: itineraries.where(ItineraryFilter(user_id=on.user)),
    "versions within": lambda on: versions.within(on.itinerary),
    "members within": lambda on: members.within(on.itinerary),
}


BELOW = {"nodes", "interactions", "the open one"}
"""Those of a workflow of theirs."""


@pytest.mark.parametrize("name", SELECTIONS)
def test_lists_and_streams_have_no_row_of_others(name, database, theirs, mine):
    selection = SELECTIONS[name](theirs)
    listing = selection.listing
    page = Page(50, listing.default_sort, tuple(listing.names), None)
    found = {}
    for owner in (mine.user, theirs.user, None):
        with UnitOfWork(database, owner=owner) as work:
            found[owner] = cut(work.fetch(selection.query(page)), page).items
            assert len(list(stream(selection, work))) == len(found[owner])
    theirs_only = set(found[theirs.user])
    assert theirs_only
    assert not theirs_only.intersection(found[mine.user])
    assert theirs_only <= set(found[None])
    if listing is TIMELINE or "within" in name or "them" in name or name in BELOW:
        assert found[mine.user] == []


def test_what_is_held_of_others_is_shown_to_nobody_else(database, theirs, mine):
    """Security 12 and 25: whose rows are exported is asked in each statement."""
    with UnitOfWork(database, owner=mine.user) as work:
        assert list(HELD.rows(theirs.user, work)) == []
        shown = {table for table, _ in HELD.rows(mine.user, work)}
    with UnitOfWork(database) as work:
        assert shown == {table for table, _ in HELD.rows(theirs.user, work)}
    assert shown >= {"users", "workflows", "nodes", "generations", "itineraries"}


def test_a_name_of_others_is_taken_and_their_profile_is_not_shown(database, theirs, mine):
    with UnitOfWork(database, owner=mine.user) as work:
        answer = said(work, get_or_create("그들", UserProvision()))
        assert issubclass(answer[0], ApiError)
        assert str(theirs.user) not in str(answer)
        new = said(work, NEW_USER.query(UserCreate(username="새로운")))
        assert issubclass(new[0], ApiError)
