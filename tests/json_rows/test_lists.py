"""Pages, cursors, sorts and sparse fields, on the list of workflows."""

import base64
import json
import re
from contextlib import closing
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from json_rows.listing import Selection
from json_rows.measuring import PAGE_BYTES
from json_rows.unit_of_work import UnitOfWork
from service.domain.workflows import workflows as workflows_resource


def _walk(client, path: str) -> list[list[str]]:
    """Follow the Link headers from page to page."""
    pages = []
    while path:
        response = client.get(path)
        assert response.status_code == 200, response.text
        pages.append([item["id"] for item in response.json["items"]])
        link = response.headers.get("Link", "")
        assert bool(link) == (response.json["next_cursor"] is not None)
        found = re.fullmatch(r'<([^>]+)>; rel="next"', link)
        path = found[1] if found else ""
    return pages


@pytest.fixture
def workflows(make):
    """Seven workflows; some began at the same time."""
    user = make.user()
    times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00.123456Z", "2026-01-03T00:00:00Z"]
    return [
        make.workflow(user_id=user["id"], started_at=times[number % 3], tags=["ㄱ"])
        for number in range(7)
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("sort", ["started_at", "-started_at", "-created_at", "total_cost"])
def test_pages_hold_every_row_once_in_order(client, workflows, limit, sort):
    pages = _walk(client, f"/v1/workflows?limit={limit}&sort={sort}&tag={quote('ㄱ')}")
    assert all(len(page) <= limit for page in pages)
    seen = [item for page in pages for item in page]
    key = "total_cost" if sort == "total_cost" else sort.removeprefix("-")
    order = sorted(
        workflows,
        key=lambda workflow: (workflow[key] or 0, workflow["id"]),
        reverse=sort.startswith("-"),
    )
    assert seen == [workflow["id"] for workflow in order]


def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(client, make, workflows):
    first = client.get("/v1/workflows?limit=4").json
    make.workflow()
    second = client.get(f"/v1/workflows?limit=4&cursor={first['next_cursor']}").json
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert sorted(seen) == sorted(workflow["id"] for workflow in workflows)


def test_an_empty_list_is_one_empty_page(client):
    response = client.get("/v1/workflows")
    assert response.json == {"items": [], "next_cursor": None}
    assert "Link" not in response.headers


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


UUID = "00000000-0000-7000-8000-000000000000"
MARK = Selection(workflows_resource.listing, {}).mark(None)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "한글",
        "!!!!",
        "AAAA",
        _cursor(),
        _cursor(MARK, "-created_at", "2026-01-01", "no uuid"),
        _cursor(MARK, "-created_at", "no time", UUID),
        _cursor(MARK, "-created_at", "2026-01-01\x00", UUID),
        _cursor(MARK, "-created_at", "\ud800", UUID),
        _cursor(MARK, "-created_at", 5, UUID),
        _cursor(MARK, "-created_at", None, UUID),
        _cursor(MARK, "created_at", "2026-01-01 00:00:00+00", UUID),
        _cursor(MARK, "-created_at", "2026-01-01 00:00:00+00", 7),
        _cursor("another!", "-created_at", "2026-01-01 00:00:00+00", UUID),
        # As the release before wrote them.
        _cursor("-created_at", "2026-01-01 00:00:00+00", UUID),
        base64.urlsafe_b64encode(b"[" * 500).decode(),
    ],
)
def test_a_bad_cursor_is_refused(client, pointers, cursor):
    right = _cursor(MARK, "-created_at", "2026-01-01 00:00:00+00", UUID)
    assert client.get(f"/v1/workflows?cursor={right}").status_code == 200
    path = f"/v1/workflows?cursor={quote(cursor)}"
    assert pointers(client.get(path)) == ["/cursor"]


def test_a_cursor_of_another_list_is_refused(client, make, pointers):
    workflow, other = make.workflow(), make.workflow()
    for each in (workflow, other):
        for _ in range(2):
            make.generation(each["id"])
    lists = (
        "/v1/workflows",
        "/v1/generations",
        *(f"/v1/workflows/{each['id']}/generations" for each in (workflow, other)),
        *(f"/v1/workflows/{each['id']}/timeline" for each in (workflow, other)),
    )
    cursors = {path: client.get(f"{path}?limit=1").get_json()["next_cursor"] for path in lists}
    assert None not in cursors.values()
    for path in lists:
        for source, cursor in cursors.items():
            answer = client.get(f"{path}?limit=1&cursor={cursor}")
            if source == path:
                assert answer.status_code == 200
            else:
                assert pointers(answer) == ["/cursor"]
                assert "of this list" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=many", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("sort=name", "/sort"),
        ("status=open", "/status/0"),
        ("status=running&status=open", "/status/1"),
        ("user_id=1", "/user_id"),
        ("has_error=maybe", "/has_error"),
        ("started_after=yesterday", "/started_after"),
        ("started_after=2026-01-01T00:00:00", "/started_after"),
        ("started_after=1700000000", "/started_after"),
        ("started_after=2026-01-01T00:00:00+09:00", "/started_after"),
        ("min_duration_ms=-1", "/min_duration_ms"),
        ("min_duration_ms=99999999999", "/min_duration_ms"),
        ("q=", "/q"),
        ("q=a%00b", "/q"),
        ("fields=nothing", "/fields/0"),
        ("fields=id,", "/fields/1"),
        ("include=status", "/include/0"),
        ("offset=5", "/offset"),
        ("Limit=5", "/Limit"),
    ],
)
def test_a_bad_query_is_refused_with_a_pointer(client, pointers, query, pointer):
    assert pointers(client.get(f"/v1/workflows?{query}")) == [pointer]


def test_operations_without_parameters_take_none(client, make, pointers):
    user = make.user()
    assert pointers(client.get("/healthz?verbose=1")) == ["/verbose"]
    assert pointers(client.post("/v1/users?x=1", json={"username": "a"})) == ["/x"]
    assert pointers(client.get(f"/v1/users/{user['id']}?limit=1")) == ["/limit"]


def test_empty_lists_of_names_are_as_good_as_none(client, make):
    make.workflow()
    assert client.get("/v1/workflows?fields=&include=").json == client.get("/v1/workflows").json


def test_fields_of_one_row(client, make, pointers):
    workflow = make.workflow(metadata={"a": 1})
    path = f"/v1/workflows/{workflow['id']}"
    assert client.get(f"{path}?fields=metadata,name").json == {
        "id": workflow["id"],
        "name": workflow["name"],
        "metadata": {"a": 1},
    }
    assert pointers(client.get(f"{path}?fields=last_node_seq")) == ["/fields/0"]


MEGABYTE = 1_000_000


def _pages(client, path: str) -> list[tuple[int, list[str]]]:
    """Follow the cursors from page to page: the size of each, and the ids of its rows."""
    pages = []
    cursor = ""
    while cursor is not None:
        response = client.get(f"{path}{cursor and f'&cursor={cursor}'}")
        assert response.status_code == 200, response.text
        assert ("Link" in response.headers) == (response.json["next_cursor"] is not None)
        pages.append((len(response.data), [item["id"] for item in response.json["items"]]))
        cursor = response.json["next_cursor"]
    return pages


@pytest.fixture
def large_rows(client, make):
    """Workflows of 9, 3, 3, 9, 3, 3, 3 MB; stored they are small, as they compress well."""
    text = "a" * (3 * MEGABYTE - 3) + "홍"
    user_id = make.user()["id"]
    workflows = []
    for members in (3, 1, 1, 3, 1, 1, 1):
        path = f"/v1/workflows/{make.workflow(user_id=user_id, user_intent={'a': text})['id']}"
        if members > 1:
            assert client.patch(path, json={"metadata": {"a": text}}).status_code == 200
            end = {"final_itinerary": [text]}
            assert client.post(f"{path}/complete", json=end).status_code == 200
        workflows.append(path.rpartition("/")[2])
    return workflows


def test_a_page_of_large_rows_holds_as_many_as_fit(client, large_rows):
    wanted = "/v1/workflows?fields=user_intent,metadata,final_itinerary"
    for sort, rows_of_pages in [
        ("created_at", [1, 2, 1, 2, 1]),
        ("-created_at", [2, 1, 1, 2, 1]),
        ("node_count", [1, 2, 1, 2, 1]),
    ]:
        pages = _pages(client, f"{wanted}&limit=5&sort={sort}")
        order = large_rows[::-1] if sort.startswith("-") else large_rows
        assert [row for _, rows in pages for row in rows] == order
        assert [len(rows) for _, rows in pages] == rows_of_pages
        assert all(len(rows) == 1 or size < PAGE_BYTES + 1000 for size, rows in pages)
    assert [rows for _, rows in _pages(client, f"{wanted}&limit=1&sort=created_at")] == [
        [row] for row in large_rows
    ]


def test_lists_whose_rows_are_large_are_cut_wherever_they_are(client, make):
    text = "a" * (3 * MEGABYTE)
    workflow = make.workflow()["id"]
    for _ in range(3):
        node = make.node(workflow, input={"a": text})["id"]
        assert client.put(f"/v1/nodes/{node}/state", json={"state": [text]}).status_code == 200
        make.generation(workflow, status="failed", error_message=text)
    for path, most in [
        (f"/v1/workflows/{workflow}/nodes?include=input,state", 1),
        (f"/v1/workflows/{workflow}/nodes?include=input", 2),
        (f"/v1/workflows/{workflow}/generations?limit=50", 2),
        ("/v1/generations?limit=20", 2),
        (f"/v1/workflows/{workflow}/timeline?limit=50", 5),
    ]:
        pages = _pages(client, path)
        assert max(len(rows) for _, rows in pages) == most, path
        seen = [row for _, rows in pages for row in rows]
        assert len(seen) == len(set(seen)) == (6 if "timeline" in path else 3), path


def test_postgres_reads_no_rows_beyond_a_page_that_is_full(client, make, database, worker_url):
    text = "a" * (3 * MEGABYTE)
    user_id = make.user()["id"]
    for _ in range(12):
        make.workflow(user_id=user_id, metadata={"a": text})
    asked: list[Any] = []
    database.listeners.append(asked.append)
    page = client.get("/v1/workflows?fields=metadata").json
    database.listeners.remove(asked.append)
    assert len(page["items"]) == 2
    before, query = asked[-1].sql.split(";\n")
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"{before}; EXPLAIN (ANALYZE, FORMAT JSON) {query}", asked[-1].parameters)
        plan = cursor.fetchall()[0][0][0]["Plan"]
    read = 0
    while plan:
        if plan.get("Alias") == "page":
            read = plan["Actual Rows"]
        plan = plan.get("Plans", [None])[0]
    assert 2 < read < 8
    # What lets Postgres stop is for that query alone.
    with UnitOfWork(database) as work:
        assert work.execute("SHOW work_mem") != [("64MB",)]
