"""Models and a database that differ are told in a sentence, in the answer and in the log."""

import pytest

from json_rows.unit_of_work import UnitOfWork
from service.app import create_app
from service.settings import Settings


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def client(url):
    app = create_app(Settings(database_url=url.render_as_string(hide_password=False)))
    yield app.test_client()
    app.extensions["database"].dispose()


@pytest.fixture
def change_schema(client, url, execute):
    """Change the schema under a service that knows it."""

    def change(*statements: str) -> None:
        assert client.get("/v1/users").status_code == 200
        execute(url, *statements)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE users RENAME phone TO telephone", "The database has no users.phone, unlike"),
        ("ALTER TABLE users RENAME TO people", "The database has no table users, unlike"),
        (
            "ALTER TABLE users ALTER display_name TYPE int USING 0, DROP phone, DROP locale",
            "The database has no users.phone, no users.locale, users.display_name as integer",
        ),
    ],
)
def test_what_the_models_have_and_the_database_does_not(
    client, change_schema, caplog, change, said
):
    change_schema(change)
    told = client.post("/v1/users", json={"username": "지민", "phone": "1"}).json["detail"]
    assert told.startswith(said)
    assert told.endswith(
        (
            "`flask db migrate` writes the revision, `flask db upgrade` applies it.",
            "deploy the code of that revision.",
        )
    )
    ours = [
        record
        for record in caplog.records
        if record.name.startswith(("service.", "smorest_sqlmodel."))
    ]
    failed = [record for record in ours if record.levelname == "ERROR"]
    assert [record.getMessage() for record in failed] == [told]
    assert failed[0].exc_info is None


def test_a_schema_that_was_taken_back_under_the_service(client, change_schema, problem):
    change_schema("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    assert "empty, and this code needs" in problem(client.get("/v1/users"), 503)["detail"]


def test_a_value_that_only_another_release_knows_is_no_fault_of_the_client(
    client, change_schema, problem
):
    change_schema("ALTER TABLE users ADD COLUMN shoe_size integer NOT NULL")
    told = problem(client.post("/v1/users", json={"username": "지민"}), 503)["detail"]
    assert told.startswith("The database wants a value for users.shoe_size, which no model has")


def test_a_statement_of_our_own_that_is_wrong_stays_a_fault(client, problem, caplog):
    database = client.application.extensions["database"]
    client.application.add_url_rule("/test/wrong", view_func=lambda: _send(database))
    assert "the fault is in its log" in problem(client.get("/test/wrong"), 500)["detail"]
    assert "Traceback" in caplog.text


def _send(database):
    with UnitOfWork(database) as work:
        work.execute("SELECT no_such_column FROM users")
