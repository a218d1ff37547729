"""What a change is answered with: what lists show of the row, or what `fields` names."""

import json

import pytest
from jsonschema import Draft202012Validator

BIG = {"text": "도시" * 50_000}
FAIL = {"error_message": "x"}
WORKFLOW_CHANGES = {
    "PATCH ": {"metadata": BIG},
    "POST /heartbeat": None,
    "POST /complete": {"final_itinerary": BIG},
    "POST /fail": FAIL,
    "POST /cancel": {},
}
NODE_CHANGES = {
    "POST /start": {},
    "POST /complete": {"output": BIG},
    "POST /fail": {**FAIL, "error_traceback": "x" * 100_000},
    "POST /skip": {},
}


@pytest.fixture
def workflow(make):
    """A workflow whose row is large."""
    return make.workflow(metadata=BIG, user_intent=BIG)


def node_before(make, workflow, change):
    """A node with a large input, in a state that the change may follow."""
    status = "pending" if "start" in change else "running"
    return make.node(workflow["id"], input=BIG, status=status)


def send(client, change, path, body, query=""):
    method, _, name = change.partition(" ")
    answer = client.open(path + name + query, method=method, json=body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("change", WORKFLOW_CHANGES)
def test_a_change_of_a_workflow_is_answered_with_what_lists_show(client, workflow, change):
    path = f"/v1/workflows/{workflow['id']}"
    answer = send(client, change, path, WORKFLOW_CHANGES[change])
    (item,) = client.get("/v1/workflows").json["items"]
    assert answer.json == item
    assert len(answer.data) < 2000
    assert answer.headers["ETag"] == client.get(path).headers["ETag"] == '"2"'


@pytest.mark.parametrize("change", NODE_CHANGES)
def test_a_change_of_a_node_is_answered_with_what_lists_show(client, make, workflow, change):
    path = f"/v1/nodes/{node_before(make, workflow, change)['id']}"
    answer = send(client, change, path, NODE_CHANGES[change])
    (item,) = client.get(f"/v1/workflows/{workflow['id']}/nodes").json["items"]
    assert answer.json == item
    assert len(answer.data) < 2000


def test_a_state_that_is_kept_is_not_sent_back(client, make, workflow):
    path = f"/v1/nodes/{make.node(workflow['id'])['id']}/state"
    for _ in range(2):
        kept = client.put(path, json={"state": BIG})
        assert kept.json == client.get(f"{path}?fields=created_at,updated_at").json
        assert len(kept.data) < 200


@pytest.mark.parametrize("change", WORKFLOW_CHANGES)
def test_fields_name_any_members_of_a_workflow_instead(client, workflow, pointers, change):
    path = f"/v1/workflows/{workflow['id']}"
    answer = send(client, change, path, WORKFLOW_CHANGES[change], "?fields=metadata,version")
    assert answer.json == {"id": workflow["id"], "metadata": BIG, "version": 2}
    assert answer.headers["ETag"] == '"2"'
    method, _, name = change.partition(" ")
    refused = client.open(
        f"{path}{name}?fields=last_node_seq", method=method, json=WORKFLOW_CHANGES[change]
    )
    assert pointers(refused) == ["/fields/0"]
    assert client.get(path).json["version"] == 2


@pytest.mark.parametrize("change", NODE_CHANGES)
def test_fields_name_any_members_of_a_node_instead(client, make, workflow, change):
    node = node_before(make, workflow, change)
    path = f"/v1/nodes/{node['id']}"
    answer = send(client, change, path, NODE_CHANGES[change], "?fields=input,status")
    assert answer.json == {
        "id": node["id"],
        "input": BIG,
        "status": client.get(path).json["status"],
    }


def test_a_change_that_was_made_already_has_the_same_members(client, workflow):
    path = f"/v1/workflows/{workflow['id']}/complete?fields=final_itinerary"
    first = client.post(path, json={"final_itinerary": [1]})
    assert client.post(path).json == first.json == {"id": workflow["id"], "final_itinerary": [1]}


def test_of_a_user_fields_can_be_chosen_as_well(client, make):
    path = f"/v1/users/{make.user()['id']}"
    headers = {"If-Match": "*"}
    whole = client.patch(path, json={"phone": "010"}, headers=headers)
    assert whole.json == client.get(path).json
    few = client.patch(f"{path}?fields=phone", json={"phone": "011"}, headers=headers)
    assert few.json == {"id": whole.json["id"], "phone": "011"}
    assert few.headers["ETag"] == '"3"'


@pytest.mark.parametrize(
    ("kind", "operations"),
    [
        ("Workflow", [f"/v1/workflows/{{workflow_id}} {change}" for change in WORKFLOW_CHANGES]),
        ("Node", [f"/v1/nodes/{{node_id}} {change}" for change in NODE_CHANGES]),
        ("NodeState", ["/v1/nodes/{node_id}/state PUT "]),
    ],
)
def test_the_document_has_what_fields_may_add(client, make, workflow, kind, operations):
    document = client.get("/openapi.json").json
    schemas = document["components"]["schemas"]
    shown, read = schemas[f"{kind}Changed"], schemas[f"{kind}Read"]
    assert set(shown["properties"]) == set(read["properties"])
    for operation in operations:
        path, method, name = operation.split(" ")
        documented = document["paths"][path + name][method.lower()]
        content = documented["responses"]["200"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{kind}Changed"}
        (fields,) = [item for item in documented["parameters"] if item.get("name") == "fields"]
        assert fields["schema"]["items"]["enum"] == list(read["properties"])
    node = make.node(workflow["id"], input=BIG)
    path, method, body = {
        "Workflow": (f"/v1/workflows/{workflow['id']}/heartbeat", "POST", None),
        "Node": (f"/v1/nodes/{node['id']}/complete", "POST", {"output": BIG}),
        "NodeState": (f"/v1/nodes/{node['id']}/state", "PUT", {"state": BIG}),
    }[kind]
    validator = Draft202012Validator(
        {**document, "$ref": f"#/components/schemas/{kind}Changed"},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    usual = client.open(path, method=method, json=body).json
    assert set(shown["required"]) == set(usual)
    every = client.open(
        f"{path}?fields={','.join(read['properties'])}", method=method, json=body
    ).json
    assert set(every) == set(read["properties"])
    for answer in (usual, every):
        assert list(validator.iter_errors(answer)) == []


def test_a_sign_of_life_writes_nothing_of_what_is_large(client, database, make):
    """Postgres keeps large values beside the row: a new version of it refers to the same ones."""
    text = json.dumps({"x": ["%032x" % (n * 0x9E3779B97F4A7C15) for n in range(30_000)]})
    workflow = make.workflow(metadata=json.loads(text))
    size = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'workflows'::regclass"

    def beside() -> int:
        with database.transaction() as connection:
            return connection.exec_driver_sql(size).scalar_one()

    before = beside()
    assert before > 500_000
    for _ in range(5):
        client.post(f"/v1/workflows/{workflow['id']}/heartbeat")
        client.patch(f"/v1/workflows/{workflow['id']}", json={"name": "x"})
    client.post(f"/v1/workflows/{workflow['id']}/complete")
    assert beside() == before
