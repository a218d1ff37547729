"""What stands beside the resources: probes, metrics, the documentation, pages of other origins."""

import pytest

from plain_commands.errors import ConfigurationError
from service.app import create_app
from service.settings import Settings

ORIGIN = "https://trips.example.com"


def test_probes_and_metrics_have_a_choice_of_their_own(client_with, new_key, make):
    local = client_with(auth="on")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert local.get(path).status_code == 200
    public = client_with(auth="on", host="0.0.0.0")  # noqa: S104  not bound here
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 401)):
        assert public.get(path).status_code == status
    chosen = client_with(auth="on", metrics_auth="on", readyz_auth="on")
    bound = new_key("admin", user_id=make.user()["id"])
    for path in ("/readyz", "/metrics"):
        assert chosen.get(path).status_code == 401
        assert chosen.get(path, headers=new_key("read")).status_code == 200
        assert chosen.get(path, headers=new_key("ingest")).status_code == 403
        assert chosen.get(path, headers=bound).status_code == 403
    assert chosen.get("/healthz").status_code == 200
    opened = client_with(auth="on", host="0.0.0.0", metrics_auth="off")  # noqa: S104
    assert opened.get("/metrics").status_code == 200


def test_the_documentation_is_open_and_says_how_to_get_in(guarded, client):
    assert guarded.get("/docs/").status_code == 200
    document = guarded.get("/openapi.json").get_json()
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert "persistAuthorization" not in guarded.get("/docs/start.js").text
    operations = {
        (method, path): operation
        for path, item in document["paths"].items()
        if path.startswith("/v1")
        for method, operation in item.items()
        if method != "parameters"
    }
    assert operations["get", "/v1/workflows"]["security"] == [{"key": ["read"]}]
    assert operations["post", "/v1/workflows"]["security"] == [{"key": ["ingest"]}]
    assert operations["delete", "/v1/keys/{key_id}"]["security"] == [{"key": ["admin"]}]
    said = operations["get", "/v1/users"]["description"]
    assert said.endswith("A key needs the scope `admin`, and must be bound to no user.")
    assert document["security"] == []
    for operation in operations.values():
        is_public = not operation["security"]
        assert ({"401", "403"} <= operation["responses"].keys()) != is_public
    open_document = client.get("/openapi.json").get_json()
    found = open_document["paths"]["/v1/workflows"]["get"]["security"]
    assert found == [{}, {"key": ["read"]}]


def test_security_19_pages_of_origins_that_are_set_may_send_a_key(client_with, new_key):
    client = client_with(auth="on", cors_origins=(ORIGIN,))
    preflight = client.options(
        "/v1/workflows", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    )
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    refused = client.get("/v1/workflows", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert "WWW-Authenticate" in refused.headers["Access-Control-Expose-Headers"]
    taken = client.get("/v1/workflows", headers={"Origin": ORIGIN, **new_key("read")})
    assert taken.headers["Access-Control-Allow-Origin"] == ORIGIN
    for answer in (preflight, refused, taken):
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "values",
    [
        {"app_env": "production"},
        {"host": "0.0.0.0"},  # noqa: S104  not bound here
        {"host": "trips.example.com"},
        {"trusted_proxies": 1},
        {"allowed_hosts": ("trips.example.com",)},
    ],
)
def test_security_20_where_others_are_served_it_has_to_be_said(values):
    settings = Settings(database_url="postgresql://me@127.0.0.1:1/trips", **values)
    with pytest.raises(ConfigurationError, match="AUTH is not set"):
        create_app(settings)
    for auth in ("on", "off"):
        said = Settings(database_url=settings.database_url, auth=auth, **values)
        create_app(said).extensions["database"].dispose()


def test_security_20_unsaid_only_this_machine_is_served(client_with, make, problem):
    client = client_with(auth=None)
    assert make
    assert client.get("/v1/workflows").status_code == 200
    for name in ("127.0.0.1", "::1"):
        local = {"SERVER_NAME": name, "HTTP_HOST": "localhost"}
        assert client.get("/v1/workflows", environ_overrides=local).status_code == 200
    others = {"SERVER_NAME": "0.0.0.0"}  # noqa: S104  not bound here
    answer = client.get("/v1/workflows", environ_overrides=others)
    assert "say AUTH=on or off" in problem(answer, 503)["detail"]


def test_without_being_asked_anybody_may_do_all(client, make):
    workflow = make.workflow()
    headers = {"Authorization": "Bearer whatever"}
    assert client.get(f"/v1/workflows/{workflow['id']}", headers=headers).status_code == 200
    assert client.get("/v1/keys").status_code == 200
