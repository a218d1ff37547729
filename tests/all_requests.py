"""One request at least of each kind that the service knows."""

from typing import Any

from flask.testing import FlaskClient


def use_everything(client: FlaskClient) -> None:
    """Send each request that the service knows, some of them twice, with a key, or in vain."""

    def send(method: str, path: str, *statuses: int, **options: Any) -> Any:
        answer = client.open(path, method=method, **options)
        assert answer.status_code in (statuses or (200, 201, 204)), answer.text
        return answer.get_json(silent=True)

    key, any_version = {"Idempotency-Key": "k"}, {"If-Match": "*"}
    assert send("GET", "/healthz")
    assert send("GET", "/readyz")
    user = send("PUT", "/v1/users/by-username/지민")
    for _ in range(2):
        send("POST", "/v1/users", json={"username": "수아"}, headers=key)
    send("POST", "/v1/users", 409, json={"username": "수아"})
    send("PATCH", f"/v1/users/{user['id']}", json={"phone": "010"}, headers=any_version)
    send("PATCH", f"/v1/users/{user['id']}", 412, json={}, headers={"If-Match": '"9"'})
    workflows = []
    for end in ("complete", "fail", "cancel"):
        body = {"user_id": user["id"], "user_input": "홍대에서 데이트하고 싶어"}
        path = f"/v1/workflows/{send('POST', '/v1/workflows', json=body)['id']}"
        workflows.append(path)
        send("PATCH", path, json={"name": "홍대"}, headers=any_version)
        send("POST", f"{path}/heartbeat")
        for move in ("complete", "fail", "skip"):
            node = send("POST", f"{path}/nodes", json={"node_name": "x", "status": "pending"})
            if move != "skip":
                send("POST", f"/v1/nodes/{node['id']}/start")
            body = {"error_message": "x"} if move == "fail" else {}
            send("POST", f"/v1/nodes/{node['id']}/{move}", json=body)
            send("PUT", f"/v1/nodes/{node['id']}/state", json={"state": {"x": 1}})
            send("GET", f"/v1/nodes/{node['id']}")
            send("GET", f"/v1/nodes/{node['id']}/state")
        generation = send("POST", f"{path}/generations", json={"model_name": "x"}, headers=key)
        send("GET", f"/v1/generations/{generation['id']}")
        send("POST", f"{path}/{end}", json={"error_message": "x"} if end == "fail" else {})
        for part in ("", "/nodes", "/generations", "/timeline"):
            send("GET", path + part)
    body = {"provider": "openai", "model": "gpt-5", "input_per_million": 1}
    price = send("POST", "/v1/model-prices", json={**body, "output_per_million": 10})
    send("GET", f"/v1/model-prices/{price['id']}")
    for path in ("/v1/users", "/v1/workflows", "/v1/generations", "/v1/model-prices"):
        send("GET", f"{path}?limit=1")
    send("GET", f"/v1/users/{user['id']}")
    send("DELETE", f"/v1/model-prices/{price['id']}")
    _ask_and_answer(send, user["id"])
    _plan(send, user["id"])
    _use_keys(send)
    send("DELETE", workflows[0], headers=any_version)
    send("GET", f"/v1/users/{user['id']}/export")
    assert send("DELETE", f"/v1/users/{user['id']}", headers=any_version)["users"] == 1


def _ask_and_answer(send: Any, user: str) -> None:
    body = {"user_id": user, "user_input": "저녁"}
    path = f"/v1/workflows/{send('POST', '/v1/workflows', json=body)['id']}"
    send("POST", f"{path}/await-input", json={"question": "예산은?"})
    send("POST", f"{path}/await-input", 409, json={"question": "몇 명?"})
    send("POST", f"{path}/resume", json={"answer": "5만원"})
    send("GET", f"{path}/interactions")
    for name in ("workflows", "generations"):
        for kind in ("csv", "jsonl"):
            send("GET", f"/v1/{name}.{kind}")


def _plan(send: Any, user: str) -> None:
    any_version = {"If-Match": "*"}
    item = {"start_minute": 840, "duration_minutes": 60, "place": {"name": "홍대 미술관"}}
    body = {"user_id": user, "title": "홍대", "plan_date": "2026-12-24", "items": [item]}
    path = f"/v1/itineraries/{send('POST', '/v1/itineraries', json=body)['id']}"
    for method, what, change in (
        ("PATCH", "", {"title": "홍대, 저녁까지"}),
        ("PUT", "/items", {"items": [item, item]}),
        ("POST", "/items", item),
        ("PATCH", "/items/1", {"start_minute": 900}),
        ("DELETE", "/items/3", None),
        ("POST", "/reorder", {"positions": [2, 1]}),
        ("POST", "/shift", {"minutes": 30}),
        ("POST", "/versions/1/restore", {}),
        ("POST", "/archive", None),
        ("POST", "/unarchive", None),
        ("POST", "/duplicate", {"user_id": user}),
    ):
        send(method, path + what, json=change, headers=any_version)
    for what in ("", "/versions", "/versions/1", "/versions/1/diff/2", ".ics", ".geojson"):
        send("GET", path + what)
    for what in (".gpx", ".md", "?fields=title"):
        send("GET", path + what)
    send("GET", "/v1/itineraries")
    friend = send("PUT", "/v1/users/by-username/수아")["id"]
    send("POST", f"{path}/members", json={"user_id": friend, "role": "viewer"})
    send("PATCH", f"{path}/members/{friend}", json={"role": "editor"})
    send("GET", f"{path}/members")
    links = [send("POST", f"{path}/shares", json={"kind": kind}) for kind in ("web", "ics")]
    for link in links:
        send("GET", link["url"])
    send("GET", f"{path}/shares")
    send("GET", f"/v1/shares/{links[0]['id']}")
    send("DELETE", f"/v1/shares/{links[0]['id']}")
    send("POST", f"{path}/transfer", json={"user_id": friend})
    send("DELETE", f"{path}/members/{user}")
    send("DELETE", path, headers=any_version)


def _use_keys(send: Any) -> None:
    key = send("POST", "/v1/keys", json={"name": "agent", "scopes": ["ingest"]})["id"]
    send("GET", "/v1/keys")
    send("GET", f"/v1/keys/{key}")
    following = send("POST", f"/v1/keys/{key}/rotate", json={})["id"]
    send("DELETE", f"/v1/keys/{following}")
