"""Lists as files: CSV and JSON Lines, sent while they are read."""

import csv
import json
import tracemalloc
from io import StringIO

import pytest


def rows_of(answer):
    return [*csv.DictReader(StringIO(answer.text, newline=""))]


def test_a_list_is_a_file_by_the_filters_and_members_of_lists(get, make):
    workflow = make.workflow(tags=["a", "b"], metadata={"n": 1.5, "x": "홍대"}, name="하나")
    make.workflow(name="둘")
    answer = get("workflows.csv?tag=a&fields=name,tags,metadata,total_cost")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="workflows.csv"'
    (row,) = rows_of(answer)
    assert row == {
        "id": workflow["id"],
        "name": "하나",
        "tags": '["a","b"]',
        "metadata": '{"n": 1.5, "x": "홍대"}',
        "total_cost": "",
    }
    assert answer.data.endswith(b"\r\n")
    assert get("workflows.csv?bom=true&fields=id&tag=none").data == b"\xef\xbb\xbfid\r\n"
    lines = get("workflows.jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == get("workflows").json["items"]
    assert get("workflows.jsonl?tag=none").data == b""
    assert "user_intent" in get("workflows.jsonl?include=user_intent").text


def test_generations_are_files_too_and_their_numbers_are_exact(get, make):
    workflow = make.workflow()["id"]
    made = make.generation(workflow, cost=1234.123456789, output='a\r\nb,"c"')
    (row,) = rows_of(get("generations.csv?include=output&model=llama3.2"))
    assert (row["id"], row["cost"]) == (made["id"], "1234.123456789")
    assert row["output"] == 'a\r\nb,"c"'
    (line,) = get(f"generations.jsonl?workflow_id={workflow}").text.splitlines()
    assert json.loads(line) == get("generations").json["items"][0]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "\t=1",
        "\r=1",
        " =1",
        '"=1',
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20a",
        "\u200b=1",
    ],
)
def test_no_cell_is_a_formula_security_24(get, make, text):
    make.workflow(user_input=f"{text}x")
    (row,) = rows_of(get("workflows.csv"))
    assert row["user_input"] == f"'{text}x"
    assert row["node_count"] == "0"
    assert json.loads(get("workflows.jsonl").text)["user_input"] == f"{text}x"


def test_a_file_has_the_rows_of_who_asks(get, make, asking_as):
    """Security 12: others' rows are in no file, whatever the filters."""
    mine, theirs = make.user()["id"], make.user()["id"]
    workflows = {owner: make.workflow(user_id=owner)["id"] for owner in (mine, theirs)}
    for workflow in workflows.values():
        make.generation(workflow)
    asking_as(mine)
    assert [row["id"] for row in rows_of(get("workflows.csv"))] == [workflows[mine]]
    assert [row["workflow_id"] for row in rows_of(get("generations.csv"))] == [workflows[mine]]
    assert get(f"workflows.jsonl?user_id={theirs}").data == b""


def fill(execute, worker_url, user_id, rows):
    execute(
        worker_url,
        f"""INSERT INTO workflows (id, user_id, name, user_input, status, started_at, created_at)
        SELECT gen_random_uuid(), '{user_id}', 'n', 'wish ' || n, 'running', now(),
            now() - n * interval '1 second'
        FROM generate_series(1, {rows}) AS n""",
    )


def test_many_rows_take_the_memory_of_a_page_and_no_connection_meanwhile(
    client, make, execute, worker_url, database
):
    fill(execute, worker_url, make.user()["id"], 30_000)
    answer = client.get("/v1/workflows.csv?fields=user_input", buffered=False)
    parts = iter(answer.response)
    first = next(parts)
    assert database.primary.engine.pool.checkedout() == 0
    tracemalloc.start()
    try:
        size = sum(map(len, parts))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(first) + size > 1_000_000
    assert peak < 2_000_000
    assert database.primary.engine.pool.checkedout() == 0


def test_what_is_wrong_at_the_beginning_is_told(client, pointers):
    assert pointers(client.get("/v1/workflows.csv?fields=nothing")) == ["/fields/0"]
    assert pointers(client.get("/v1/workflows.jsonl?bom=true")) == ["/bom"]
    assert pointers(client.get("/v1/generations.csv?cursor=abc&limit=1")) == ["/cursor", "/limit"]


def test_a_search_waits_for_no_place_when_there_is_none(client, make, database, problem):
    make.workflow()
    places = 0
    while database.searches.acquire(blocking=False):
        places += 1
    try:
        refused = client.get("/v1/workflows.csv?q=x")
        assert problem(refused, 503)["detail"].startswith("Too many searches are running")
        assert refused.headers["Retry-After"]
        assert client.get("/v1/workflows.csv").status_code == 200
    finally:
        for _ in range(places):
            database.searches.release()
    assert client.get("/v1/workflows.csv?q=x").text.count("\r\n") == 1


def test_a_head_says_what_a_get_would_and_holds_nothing(client, make, database):
    make.workflow()
    head, got = client.head("/v1/workflows.csv"), client.get("/v1/workflows.csv")
    assert head.data == b""
    names = ("Content-Type", "Content-Disposition", "Cache-Control")
    assert [head.headers[name] for name in names] == [got.headers[name] for name in names]
    assert database.primary.engine.pool.checkedout() == 0


def test_a_file_is_only_read(client):
    assert client.post("/v1/workflows.csv", json={}).status_code == 405


def test_the_log_names_the_route_and_counts_all_round_trips(get, make, execute, worker_url, caplog):
    fill(execute, worker_url, make.user()["id"], 2500)
    caplog.clear()
    with caplog.at_level("INFO", "service.access"):
        answer = get("workflows.jsonl")
        size = len(answer.data)
        answer.close()
    (line,) = [record for record in caplog.records if record.name == "service.access"]
    fields = line.fields
    assert (fields["route"], fields["status"]) == ("/v1/workflows.jsonl", 200)
    assert (fields["round_trips"], fields["bytes"]) == (3, size)
