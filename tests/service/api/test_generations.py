"""Generations over REST, and what they cost."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_a_generation_has_what_was_given(client, make):
    workflow = make.workflow()
    node = make.node(workflow["id"])
    body = {
        "node_id": node["id"],
        "system_prompt": "당신은 여행 계획 전문가입니다",
        "input_messages": [{"role": "user", "content": "홍대"}],
        "output": "{}",
        "parsed_output": {"location": "홍대"},
        "finish_reasons": ["stop"],
        "temperature": 0.7,
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "latency_ms": 0,
    }
    made = make.generation(workflow["id"], **body)
    assert {name: made[name] for name in body} == body
    assert made["total_tokens"] == 150
    assert (made["cost"], made["currency"], made["cost_source"]) == (None, None, "unknown")
    assert client.get(f"/v1/generations/{made['id']}").json == made
    workflow = client.get(f"/v1/workflows/{workflow['id']}").json
    assert (workflow["generation_count"], workflow["input_tokens"], workflow["output_tokens"]) == (
        1,
        120,
        30,
    )
    assert workflow["total_cost"] is None


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"model_name": ""}, "/model_name"),
        ({"cost": "1_000"}, "/cost"),
        ({"prompt_tokens": -1}, "/prompt_tokens"),
        ({"prompt_tokens": 2**31}, "/prompt_tokens"),
        ({"cost": -0.1}, "/cost"),
        ({"cost": 0.1234567891}, "/cost"),
        ({"cost": 1, "currency": "usd"}, "/currency"),
        ({"node_id": "00000000-0000-7000-8000-000000000000"}, "/node_id"),
        ({"output": "a\x00b"}, "/output"),
        ({"finish_reasons": "stop"}, "/finish_reasons"),
    ],
)
def test_a_generation_that_can_not_be_is_refused_with_a_pointer(
    client, make, pointers, values, pointer
):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/generations"
    assert pointers(client.post(path, json={"model_name": "m", **values})) == [pointer]
    assert client.get(f"/v1/workflows/{workflow['id']}").json["generation_count"] == 0


def test_a_generation_belongs_to_a_node_of_its_own_workflow(client, make, pointers):
    node = make.node(make.workflow()["id"])
    path = f"/v1/workflows/{make.workflow()['id']}/generations"
    body = {"model_name": "m", "node_id": node["id"]}
    assert pointers(client.post(path, json=body)) == ["/node_id"]


TOKENS = {"model_provider": "openai", "model_name": "gpt-5"}


def test_a_cost_is_computed_from_the_price_of_its_time_and_frozen(client, make):
    make.price(valid_from="2026-01-01T00:00:00Z", input_per_million=1, output_per_million=2)
    make.price(valid_from="2026-06-01T00:00:00Z", input_per_million=10, output_per_million=20)
    ended = {"valid_from": "2026-09-01T00:00:00Z", "valid_to": "2026-09-02T00:00:00Z"}
    price = make.price(**ended, input_per_million=100, output_per_million=200, currency="EUR")
    workflow = make.workflow()

    def cost(at: str) -> tuple[float | None, str | None, str]:
        made = make.generation(
            workflow["id"], **TOKENS, prompt_tokens=1000, completion_tokens=500, created_at=at
        )
        return made["cost"], made["currency"], made["cost_source"]

    assert cost("2025-12-31T00:00:00Z") == (None, None, "unknown")
    assert cost("2026-01-01T00:00:00Z") == (0.002, "USD", "computed")
    assert cost("2026-07-01T00:00:00Z") == (0.02, "USD", "computed")
    assert cost("2026-09-01T12:00:00Z") == (0.2, "EUR", "computed")
    assert cost("2026-09-02T00:00:00Z") == (0.02, "USD", "computed")
    assert client.delete(f"/v1/model-prices/{price['id']}").status_code == 204
    costs = [item["cost"] for item in client.get("/v1/generations").json["items"]]
    assert sorted(costs, key=lambda value: value or 0) == [None, 0.002, 0.02, 0.02, 0.2]
    found = client.get(f"/v1/workflows/{workflow['id']}").json
    assert (found["total_cost"], found["currency"]) == (0.042, "USD")


def test_an_unknown_cost_is_null_and_never_zero(make):
    make.price(input_per_million=1, output_per_million=2)
    workflow = make.workflow()
    for values in (
        {**TOKENS, "prompt_tokens": 10},
        {**TOKENS, "total_tokens": 10},
        {"model_provider": "other", "prompt_tokens": 1, "completion_tokens": 1},
    ):
        made = make.generation(workflow["id"], **values)
        assert (made["cost"], made["cost_source"]) == (None, "unknown")
    free = make.generation(workflow["id"], **TOKENS, prompt_tokens=0, completion_tokens=0)
    assert (free["cost"], free["cost_source"]) == (0, "computed")


def test_a_cost_that_the_client_gives_counts(client, make):
    make.price(input_per_million=1, output_per_million=2)
    workflow = make.workflow()
    given = make.generation(
        workflow["id"],
        **TOKENS,
        prompt_tokens=1,
        completion_tokens=1,
        cost=0.123456789,
        currency="KRW",
    )
    assert (given["cost"], given["currency"], given["cost_source"]) == (
        0.123456789,
        "KRW",
        "provided",
    )
    assert make.generation(workflow["id"], cost=1)["currency"] == "USD"
    found = client.get(f"/v1/workflows/{workflow['id']}").json
    assert (found["total_cost"], found["currency"]) == (0.123456789, "KRW")


def test_a_generation_of_a_closed_workflow_is_recorded(client, make):
    workflow = make.workflow()
    client.post(f"/v1/workflows/{workflow['id']}/cancel")
    late = make.generation(
        workflow["id"], prompt_tokens=5, status="failed", error_message="timeout"
    )
    assert (late["output"], late["status"]) == (None, "failed")
    assert client.get(f"/v1/workflows/{workflow['id']}").json["input_tokens"] == 5


def test_concurrent_generations_are_all_counted(app, client, make):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/generations"
    body = {"model_name": "m", "prompt_tokens": 3, "completion_tokens": 1, "cost": 0.5}

    def record(_: int) -> int:
        return app.test_client().post(path, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(record, range(24))) == {201}
    found = client.get(f"/v1/workflows/{workflow['id']}").json
    names = ("generation_count", "input_tokens", "output_tokens", "total_cost")
    assert [found[name] for name in names] == [24, 72, 24, 12]


def test_the_same_request_with_an_id_counts_once(client, make, pointers):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/generations"
    body = {"id": "01890000-0000-7000-8000-000000000002", "model_name": "m", "prompt_tokens": 7}
    first, again = client.post(path, json=body), client.post(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert pointers(client.post(path, json={**body, "prompt_tokens": 8}), 409) == ["/id"]
    assert client.get(f"/v1/workflows/{workflow['id']}").json["input_tokens"] == 7


def test_generations_can_be_filtered(client, make):
    user = make.user()
    workflow = make.workflow(user_id=user["id"], session_id="s1", tags=["a"])
    node = make.node(workflow["id"], node_name="analyze")
    one = make.generation(
        workflow["id"],
        node_id=node["id"],
        model_name="gpt-5",
        model_provider="openai",
        latency_ms=500,
        created_at="2026-01-01T00:00:00Z",
        user_prompt="홍대에서 데이트",
        status="failed",
    )
    two = make.generation(make.workflow()["id"], created_at="2026-02-01T00:00:00Z", latency_ms=5)
    both = sorted([one["id"], two["id"]])

    def found(query: str, path: str = "/v1/generations") -> list[str]:
        return sorted(item["id"] for item in client.get(f"{path}?{query}").json["items"])

    assert found("") == both
    for query in (
        f"workflow_id={workflow['id']}",
        f"node_id={node['id']}",
        f"user_id={user['id']}",
        "session_id=s1",
        "node_name=analyze",
        "status=failed",
        "model=gpt-5",
        "provider=openai",
        "has_error=true",
        "min_duration_ms=500",
        "started_before=2026-02-01T00:00:00Z",
        "tag=a",
        "q=데이트",
    ):
        assert found(query) == [one["id"]], query
    for query in ("has_error=false", "max_duration_ms=5", "started_after=2026-02-01T00:00:00Z"):
        assert found(query) == [two["id"]], query
    own = f"/v1/workflows/{workflow['id']}/generations"
    assert found("", own) == found("status=failed&model=gpt-5", own) == [one["id"]]
    assert found("status=completed", own) == []


def test_lists_of_generations_leave_out_the_texts(client, make):
    workflow = make.workflow()
    make.generation(workflow["id"], output="긴 글", user_prompt="짧은 글")
    light = client.get("/v1/generations").json["items"][0]
    texts = {"system_prompt", "user_prompt", "full_prompt", "input_messages", "output"}
    assert not (texts | {"parsed_output"}) & set(light)
    assert client.get("/v1/generations?include=output").json["items"][0]["output"] == "긴 글"


def test_no_digit_of_an_amount_is_lost(make):
    workflow = make.workflow()
    assert make.price(input_per_million="123456789.123456789")["input_per_million"] == (
        123456789.123456789
    )
    made = make.generation(workflow["id"], cost="0.100000001")
    assert made["cost"] == 0.100000001


def test_large_numbers_never_keep_a_generation_from_being_recorded(client, make):
    make.price(input_per_million=999_999_999, output_per_million=999_999_999)
    workflow = make.workflow()
    most = 2**31 - 1
    huge = make.generation(workflow["id"], **TOKENS, prompt_tokens=most, completion_tokens=most)
    assert (huge["total_tokens"], huge["cost"], huge["cost_source"]) == (2 * most, None, "unknown")
    for _ in range(3):
        make.generation(workflow["id"], cost=999_999_999)
    found = client.get(f"/v1/workflows/{workflow['id']}").json
    assert (found["total_cost"], found["generation_count"]) == (2_999_999_997, 4)
