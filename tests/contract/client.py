"""What a client of the service does, with what openapi-python-client makes of the document."""

import sys
from http import HTTPStatus

from trips import Client
from trips.api.nodes import create_node
from trips.api.users import get_or_create_user
from trips.api.workflows import (
    complete_workflow,
    create_workflow,
    fail_workflow,
    get_timeline,
    get_workflow,
    list_workflows,
    update_workflow,
)
from trips.models import (
    CompleteWorkflowFieldsItem,
    NodeCreate,
    NodeType,
    Problem,
    TimelineNode,
    UserProvision,
    WorkflowComplete,
    WorkflowCreate,
    WorkflowFail,
    WorkflowRead,
    WorkflowUpdate,
)
from trips.types import UNSET

api = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)


def list_all(session: str) -> list[str]:
    """Collect the names of all workflows of a session, page by page."""
    names: list[str] = []
    cursor = UNSET
    while cursor is not None:
        page = list_workflows.sync(client=api, session_id=session, limit=1, cursor=cursor)
        names = [workflow.name for workflow in page.items] + names
        cursor = page.next_cursor
    return names


def create(user_id, name: str) -> WorkflowRead:
    """Start a workflow with nothing but what it needs, twice, with the same key."""
    wish = "홍대에서 데이트하고 싶어"
    body = WorkflowCreate(user_id=user_id, user_input=wish, name=name, session_id="python")
    made = create_workflow.sync(client=api, body=body, idempotency_key=f"python-{name}")
    again = create_workflow.sync(client=api, body=body, idempotency_key=f"python-{name}")
    assert made == again
    return made


user = get_or_create_user.sync("python", client=api, body=UserProvision())
first = create(user.id, "first")
create(user.id, "second")
assert list_all("python") == ["first", "second"]

found = get_workflow.sync_detailed(first.id, client=api)
assert found.parsed.search_radius_m == 2000
etag = found.headers["ETag"]

changes = WorkflowUpdate(tags=["date"])
changed = update_workflow.sync(first.id, client=api, body=changes, if_match=etag)
assert changed.tags == ["date"]
late = update_workflow.sync_detailed(first.id, client=api, body=changes, if_match=etag)
assert late.status_code == HTTPStatus.PRECONDITION_FAILED
assert isinstance(late.parsed, Problem)

new = NodeCreate(node_name="search", node_type=NodeType.SEARCH, input_={"deep": [1, None]})
node = create_node.sync(first.id, client=api, body=new)
assert node.input_ == {"deep": [1, None]}
[entry] = get_timeline.sync(first.id, client=api).items
assert isinstance(entry, TimelineNode)
assert entry.node.node_name == "search"

end = WorkflowComplete(final_itinerary=[{"order": 1}])
changed = complete_workflow.sync(first.id, client=api, body=end)
assert changed.status == "completed"
assert changed.final_itinerary is UNSET
# It reads whole rows only: what `fields` leaves out is said in words.
every = [name for name in CompleteWorkflowFieldsItem if name != "id"]
changed = complete_workflow.sync(first.id, client=api, body=end, fields=every)
assert changed.final_itinerary == [{"order": 1}]
conflict = fail_workflow.sync(first.id, client=api, body=WorkflowFail(error_message="never mind"))
assert isinstance(conflict, Problem)
assert (conflict.status, conflict.current, conflict.allowed) == (409, "completed", [])
sys.stdout.write("done\n")
