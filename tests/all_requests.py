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
    send("DELETE", workflows[0], headers=any_version)
    send("DELETE", f"/v1/users/{user['id']}", headers=any_version)
