"""What /docs puts back when it opens: the rows of its examples, on a developer's machine only."""

from dataclasses import replace

import pytest

from serverless_postgres.url import is_here
from service.app import create_app
from service.models import examples


@pytest.fixture
def opened(client):
    assert '"/docs/examples"' in client.get("/docs/start.js").text
    assert client.post("/docs/examples").status_code == 204
    return client


def test_the_rows_of_the_examples_are_there(opened):
    assert opened.get(f"/v1/users/{examples.USER}").json["username"] == "하늘"
    workflows = opened.get(f"/v1/workflows?user_id={examples.USER}").json["items"]
    states = [workflow["status"] for workflow in workflows]
    assert sorted(states) == ["awaiting_input", *["running"] * 5]
    nodes = opened.get(f"/v1/workflows/{examples.WORKFLOW}/nodes").json["items"]
    assert sorted(node["status"] for node in nodes) == ["pending"] * 2 + ["running"] * 3
    for path in ("nodes/" + examples.NODE + "/state", "generations/" + examples.GENERATION):
        assert opened.get(f"/v1/{path}").status_code == 200
    assert opened.get(f"/v1/model-prices/{examples.PRICE}").status_code == 200


def test_what_was_changed_is_put_back_and_what_is_somebodys_own_stays(opened):
    own = {"user_id": examples.USER, "user_input": "강남에서 점심"}
    workflow = opened.post("/v1/workflows", json=own).json["id"]
    user = f"/v1/users/{examples.USER}"
    changed = opened.patch(user, json={"username": "가을"}, headers={"If-Match": '"1"'})
    assert changed.json["version"] == 2
    opened.post(f"/v1/workflows/{examples.WORKFLOW}/complete")
    assert opened.post("/docs/examples").status_code == 204
    assert (opened.get(user).json["username"], opened.get(user).json["version"]) == ("하늘", 1)
    assert opened.get(f"/v1/workflows/{examples.WORKFLOW}").json["status"] == "running"
    assert opened.get(f"/v1/workflows/{workflow}").json["user_input"] == "강남에서 점심"


def test_a_copy_of_an_answer_goes_with_the_person_whose_row_it_shows(opened, database):
    """Each resource says so with `goes_with`, unless its rows are nobody's."""
    for path, item in opened.get("/openapi.json").json["paths"].items():
        if "post" not in item or not path.startswith("/v1/"):
            continue
        ids = {each["name"]: each["example"] for each in item.get("parameters", [])}
        ids |= {
            each["name"]: each["example"]
            for each in item["post"].get("parameters", [])
            if each["in"] == "path"
        }
        body = item["post"].get("requestBody", {"content": {"application/json": {}}})["content"]
        answer = opened.post(
            path.format(**ids),
            json=body["application/json"].get("example"),
            headers={"Idempotency-Key": "k", "If-Match": "*"},
        )
        assert answer.status_code < 300, (path, answer.text)
    user = opened.get(f"/v1/users/{examples.USER}")
    headers = {"If-Match": user.headers["ETag"]}
    assert opened.delete(f"/v1/users/{examples.USER}", headers=headers).status_code == 200
    with database.transaction() as connection:
        left = connection.exec_driver_sql("SELECT path FROM idempotency_keys").scalars().all()
    # The keys of the examples are bound to nobody.
    rotated = f"/v1/keys/{examples.KEY_TO_ROTATE}/rotate"
    assert sorted(left) == ["/v1/keys", rotated, "/v1/model-prices"]


def test_nothing_of_somebodys_own_is_written_over(client, make, problem):
    make.user(username="하늘")
    told = problem(client.post("/docs/examples"), 409)
    assert [error["pointer"] for error in told["errors"]] == ["/username"]
    assert [user["username"] for user in client.get("/v1/users").json["items"]] == ["하늘"]


@pytest.mark.parametrize(
    "elsewhere",
    [{"app_env": "production"}, {"database_url": "postgresql://u:p@db.example.com/trips"}],
)
def test_nothing_is_written_elsewhere(client, settings, problem, elsewhere):
    other = create_app(replace(settings, **elsewhere))
    assert "examples" not in other.test_client().get("/docs/start.js").text
    problem(other.test_client().post("/docs/examples"), 404)
    other.extensions["database"].dispose()
    assert client.get("/v1/users").json["items"] == []


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("postgresql://u@127.0.0.1/d", True),
        ("postgresql://u@localhost:5433/d", True),
        ("postgresql://u@[::1]/d", True),
        ("postgresql:///d?host=/run/postgresql", True),
        ("postgresql://u@db.example.com/d", False),
        ("postgresql://u@localhost,db.example.com/d", False),
        ("postgresql://u@localhost.example.com/d", False),
    ],
)
def test_a_database_is_here_by_its_address(url, here):
    assert is_here(url) is here
