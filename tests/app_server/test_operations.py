"""Alive, ready, and only on a schema that the code knows."""

from safe_migrations.revisions import heads
from safe_migrations.runner import run
from service.app import create_app
from service.schema import project
from service.settings import Settings


def test_ready_tells_the_revision(client, schema):
    ready = client.get("/readyz").json
    note = ready.pop("note")
    assert ready == {"status": "ok", "revision": schema[0], "replica": None, "age_s": 0}
    assert (note is None) == (schema[0] == heads(project().versions)[0])


def test_the_service_does_not_work_on_a_schema_that_it_does_not_know(
    make_database, problem, schema
):
    url = make_database().render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url))
    client = app.test_client()

    def migrate(command: str, revision: str) -> None:
        run(project().at(schema[1]), command, revision, x=(f"url={url}",), quiet=True)

    migrate("downgrade", "base")
    for path in ("/readyz", "/v1/users"):
        told = problem(client.get(path), 503)
        assert heads(project().versions)[0] in told["detail"]
        assert "flask db upgrade" in told["detail"]
    problem(client.post("/v1/users", json={"username": "kim"}), 503)
    assert client.get("/healthz").status_code == 200
    migrate("upgrade", "head")
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/users", json={"username": "kim"}).status_code == 201
    app.extensions["database"].dispose()


def test_health_never_touches_the_database(app, monkeypatch):
    monkeypatch.setattr("json_rows.unit_of_work.UnitOfWork.execute", None)
    assert app.test_client().get("/healthz").status_code == 200
