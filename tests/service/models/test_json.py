"""What Postgres writes as JSON is what pydantic would have written."""

import json
from typing import Any

import pytest
from pydantic import BaseModel
from sqlmodel import Session, SQLModel, select

from json_rows.statement import json_names
from service.models import Generation, ModelPrice, Node, NodeState, User, Workflow
from service.models.generation import GenerationRead
from service.models.model_price import ModelPriceRead
from service.models.node import NodeRead
from service.models.node_state import NodeStateRead
from service.models.user import UserRead
from service.models.workflow import WorkflowRead


@pytest.fixture
def paths(client, make) -> dict[type[SQLModel], str]:
    """One full row of each kind."""
    user = make.user(username='지민 "😀"', display_name="김\t\n지민", phone="010")
    workflow = make.workflow(
        user_id=user["id"],
        user_input="줄\n바꿈 \\ / \u2028",
        time_settings={"enabled": True, "start_time": "14:00", "duration_hours": 6.5},
        user_intent={"n": [1, 1.5, -2e-7, 12345678901234567890, True, None, {}], "빈": ""},
        tags=["a,b", 'c"d', "{}"],
        metadata={"키": {"x": []}},
        started_at="2026-01-01T00:00:00.5+09:00",
        search_radius_m=100,
    )
    node = make.node(workflow["id"], input=[{"a": "b"}], seq=3)
    client.put(f"/v1/nodes/{node['id']}/state", json={"state": {"깊이": [[[]]]}})
    make.generation(
        workflow["id"],
        node_id=node["id"],
        temperature=0.1,
        cost=0.000000001,
        currency="KRW",
        finish_reasons=["stop"],
        created_at="2026-01-01T00:00:00Z",
    )
    client.post(
        f"/v1/workflows/{workflow['id']}/complete", json={"final_itinerary": [{"x": 126.9}]}
    )
    make.price(input_per_million=0.1, output_per_million=123456789.123456789)
    return {
        User: f"/v1/users/{user['id']}",
        Workflow: f"/v1/workflows/{workflow['id']}",
        Node: f"/v1/nodes/{node['id']}",
        NodeState: f"/v1/nodes/{node['id']}/state",
        Generation: "/v1/generations",
        ModelPrice: "/v1/model-prices",
    }


READS: dict[type[SQLModel], type[SQLModel]] = {
    User: UserRead,
    Workflow: WorkflowRead,
    Node: NodeRead,
    NodeState: NodeStateRead,
    Generation: GenerationRead,
    ModelPrice: ModelPriceRead,
}


def _normal(text: str, read: type[BaseModel]) -> Any:
    """Read JSON through the model: times and numbers compare by value, all else as it stands."""
    return read.model_validate_json(text).model_dump()


@pytest.mark.parametrize("table", READS)
def test_json_of_postgres_is_json_of_pydantic(client, database, paths, table):
    read = READS[table]
    with Session(database.primary.engine) as session:
        row = session.exec(select(table)).one()
        by_pydantic = read.model_validate(row, from_attributes=True).model_dump_json(by_alias=True)
    path = paths[table]
    if "items" in client.get(path).json:
        path += f"/{client.get(path).json['items'][0]['id']}"
    by_postgres = client.get(path).text
    assert list(json.loads(by_postgres)) == list(json.loads(by_pydantic)) == json_names(read)
    assert _normal(by_postgres, read) == _normal(by_pydantic, read)
    kinds = {name: type(value) for name, value in json.loads(by_pydantic).items()}
    numbers = {int: "number", float: "number"}
    for name, value in json.loads(by_postgres).items():
        assert numbers.get(type(value), type(value)) == numbers.get(kinds[name], kinds[name]), name
