"""For whom a bound key makes rows: for its user, and for nobody else (security 13)."""

from uuid import uuid4

from api_access import Scope

WISH = {"user_input": "홍대에서 데이트하고 싶어"}


def test_security_13_what_a_bound_key_leaves_out_is_filled_in(guarded, new_key, make):
    user = make.user()["id"]
    for scope in (Scope.WRITE, Scope.INGEST):
        headers = new_key(scope, user_id=user)
        made = guarded.post("/v1/workflows", json=WISH, headers=headers)
        assert made.status_code == 201, made.text
        workflow = guarded.get(f"/v1/workflows/{made.json['id']}", headers=new_key("read"))
        assert workflow.get_json()["user_id"] == user


def test_security_13_a_request_with_an_id_can_be_repeated_without_the_user(guarded, new_key, make):
    headers = new_key("write", user_id=make.user()["id"])
    body = {**WISH, "id": str(uuid4())}
    first = guarded.post("/v1/workflows", json=body, headers=headers)
    again = guarded.post("/v1/workflows", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    keyed = headers | {"Idempotency-Key": "k"}
    one, two = (guarded.post("/v1/workflows", json=WISH, headers=keyed) for _ in range(2))
    assert one.json["id"] == two.json["id"]


def test_who_is_bound_to_nobody_says_whose_it_is(guarded, client, new_key, pointers):
    for answer in (
        guarded.post("/v1/workflows", json=WISH, headers=new_key("write")),
        guarded.post("/v1/workflows", json={**WISH, "user_id": None}, headers=new_key("write")),
        client.post("/v1/workflows", json=WISH),
    ):
        assert pointers(answer) == ["/user_id"]
        assert "bound to a user" in answer.get_json()["detail"]


def test_security_13_another_user_is_an_unknown_one(guarded, new_key, make, nowhere, problem):
    headers = new_key("write", user_id=make.user()["id"])
    other = make.user()["id"]
    answers = []
    for user in (other, str(nowhere)):
        answer = guarded.post("/v1/workflows", json={**WISH, "user_id": user}, headers=headers)
        problem(answer, 422)
        answers.append(answer.text.replace(user, "…"))
    assert answers[0] == answers[1]


def test_security_13_bound_keys_list_create_and_provision_no_users(guarded, new_key, make, problem):
    user = make.user()
    headers = new_key("admin", user_id=user["id"])
    for method, path in (
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("PUT", f"/v1/users/by-username/{user['username']}"),
        ("PUT", "/v1/users/by-username/somebody"),
    ):
        answer = guarded.open(path, method=method, json={"username": "x"}, headers=headers)
        assert "not bound to a user" in problem(answer, 403)["detail"]


def test_security_13_bound_keys_read_and_change_themselves(guarded, new_key, make):
    user, other = make.user(), make.user()
    headers = new_key("write", user_id=user["id"])
    answer = guarded.get(f"/v1/users/{user['id']}", headers=headers)
    assert answer.get_json()["username"] == user["username"]
    seen = headers | {"If-Match": answer.headers["ETag"]}
    changes = {"display_name": "하늘이"}
    assert guarded.patch(f"/v1/users/{user['id']}", json=changes, headers=seen).status_code == 200
    assert guarded.patch(f"/v1/users/{other['id']}", json=changes, headers=seen).status_code == 404
