"""`flask workflows reap`: what nobody goes on with is closed, once, with a reason."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result

from json_rows.unit_of_work import UnitOfWork
from service.cli.groups import workflows
from service.domain import reaping
from service.domain.reaping import Patience, reap

HOUR = Patience(silent=timedelta(hours=1), waiting=timedelta(days=7))


@pytest.fixture
def run(service_url, tmp_path) -> Callable[..., Result]:
    """Run the command with these options and variables of the environment."""

    def run(*options: str, **environ: str) -> Result:
        url = service_url.render_as_string(hide_password=False)
        variables = {"DATABASE_URL": url, "INSTANCE_DIR": str(tmp_path), **environ}
        return CliRunner().invoke(workflows, ["reap", *options], env=variables)

    return run


@pytest.fixture
def found(run) -> Callable[..., dict[str, Any]]:
    """Run the command, and return what it says as JSON."""

    def found(*options: str, **environ: str) -> dict[str, Any]:
        done = run(*options, "--json", **environ)
        assert done.exit_code == 0, done.output
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    return found


@pytest.fixture
def left(make, database) -> Callable[..., str]:
    """Make a workflow that was left so many minutes ago, and return its id."""

    def left(minutes: float, *, asks: bool = False, **values: Any) -> str:
        workflow: str = make.workflow(**values)["id"]
        make.node(workflow)
        if asks:
            make.question(workflow)
        with database.transaction() as connection:
            connection.exec_driver_sql(
                f"""UPDATE workflows SET started_at = moment, created_at = moment,
                    heartbeat_at = moment, waiting_since = {"moment" if asks else "NULL"}
                FROM (SELECT now() - interval '{minutes} minutes' AS moment) AS ago
                WHERE workflows.id = '{workflow}'"""
            )
            connection.exec_driver_sql(
                f"""UPDATE interactions SET requested_at = now() - interval '{minutes} minutes'
                WHERE workflow_id = '{workflow}'"""
            )
        return workflow

    return left


def test_silent_agents_and_silent_persons_are_told_apart(client, make, left, found):
    silent, quiet = left(61), left(59)
    unanswered, waiting = left(7 * 24 * 60 + 1, asks=True), left(6 * 24 * 60, asks=True)
    fresh = make.workflow()["id"]
    told = found()
    assert {row["id"]: row["error_type"] for row in told["workflows"]} == {
        silent: "AgentSilent",
        unanswered: "PersonSilent",
    }
    assert (told["closed"], told["silent"], told["unanswered"]) == (2, 1, 1)
    get = lambda key: client.get(f"/v1/workflows/{key}").json  # noqa: E731  short
    assert [get(key)["status"] for key in (quiet, waiting, fresh)] == [
        *("running", "awaiting_input", "running")
    ]
    closed = get(silent)
    assert (closed["status"], closed["error_type"]) == ("failed", "AgentSilent")
    assert closed["error_message"] == "The agent gave no sign of life for 1 hour."
    assert closed["completed_at"]
    assert closed["active_ms"] >= 61 * 60_000
    closed = get(unanswered)
    assert closed["error_message"] == "The person did not answer for 7 days."
    assert (closed["waiting_since"], closed["pending_step"]) == (None, None)
    # All of it was the person's time.
    assert closed["waiting_ms"] > 7 * 24 * 60 * 60_000
    assert closed["active_ms"] == 0
    for key in (silent, unanswered):
        nodes = client.get(f"/v1/workflows/{key}/nodes").json["items"]
        assert [node["status"] for node in nodes] == ["cancelled"]
    # The next time there is nothing left to do.
    assert found()["found"] == 0


def test_limits_are_settings_which_options_overrule(left, found):
    one = left(30)
    other = left(30, asks=True)

    def ids(*options: str, **environ: str) -> set[str]:
        return {row["id"] for row in found("--dry-run", *options, **environ)["workflows"]}

    assert ids() == set()
    assert ids(REAP_SILENT_MINUTES="29") == {one}
    assert ids("--silent-for", "31m", REAP_SILENT_MINUTES="29") == set()
    assert ids("--silent-for", "29m", "--waiting-for", "29m") == {one, other}
    assert ids(REAP_WAITING_HOURS="1") == set()


def test_a_dry_run_says_what_would_be_closed_and_closes_nothing(client, left, run, found):
    silent = left(61)
    told = found("--dry-run")
    assert (told["found"], told["closed"], told["dry_run"]) == (1, 0, True)
    assert run("--dry-run").output == (
        "1 workflow would be closed: 1 whose agent gave no sign of life for 1 hour, "
        "0 whose person did not answer for 7 days.\n"
    )
    assert client.get(f"/v1/workflows/{silent}").json["status"] == "running"
    assert run().output.startswith("1 workflow was closed: 1 whose agent")
    assert run().output == "No workflow is to be closed.\n"


def test_whatever_the_agent_or_the_person_does_is_a_sign_of_life(client, make, left, found):
    ids = [left(90) for _ in range(4)]
    answered = left(90, asks=True)
    client.post(f"/v1/workflows/{ids[0]}/heartbeat")
    make.node(ids[1])
    make.generation(ids[2])
    make.question(ids[3])
    client.post(f"/v1/workflows/{answered}/resume", json={"answer": "5만원"})
    assert found()["found"] == 0


def test_a_workflow_that_is_to_begin_later_is_not_silent(make, found):
    make.workflow(started_at="2900-01-01T00:00:00Z")
    assert found("--silent-for", "1m")["found"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--silent-for", "soon"), "is not a duration: write minutes, hours, days or weeks"),
        (("--waiting-for", "0d"), "is not a duration"),
        (("--silent-for", ""), "is not a duration"),
        (("--waiting-for", "999999w"), "is longer than ten years"),
    ],
)
def test_a_duration_that_is_none_is_refused_before_anything_is_closed(
    left, run, found, options, said
):
    left(61)
    done = run(*options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert found("--dry-run")["found"] == 1


def test_the_longest_that_it_takes_works(run):
    assert run("--waiting-for", "520w", REAP_SILENT_MINUTES="5256000").exit_code == 0
    refused = run(REAP_SILENT_MINUTES="5256001")
    assert (refused.exit_code, "REAP_SILENT_MINUTES" in refused.stderr) == (1, True)


def test_a_database_that_is_away_or_has_another_schema_is_told(run, empty_database, worker_url):
    url = empty_database.render_as_string(hide_password=False)
    other = run(DATABASE_URL=url)
    assert (other.exit_code, other.stderr) == (
        1,
        "Error: The database schema is not up to date: run `flask db upgrade`.\n",
    )
    nowhere = worker_url.set(host="127.0.0.1", port=1, query={})
    url = nowhere.render_as_string(hide_password=False)
    away = run("--json", DATABASE_URL=url, RETRY_BUDGET_S="0")
    assert away.exit_code == 1
    assert json.loads(away.stdout)["error"]["code"] == "service-unavailable"


def test_two_at_once_close_each_workflow_once(client, left, database, monkeypatch):
    monkeypatch.setattr(reaping, "BATCH", 3)
    ids = {left(61) for _ in range(12)}

    def close(_: int) -> list[str]:
        with UnitOfWork(database) as work:
            return [key for batch in reap(work, HOUR) for key, _ in batch]

    with ThreadPoolExecutor(4) as pool:
        closed = [key for keys in pool.map(close, range(4)) for key in keys]
    assert sorted(closed) == sorted(ids)
    # Made with a node, and closed once.
    assert {client.get(f"/v1/workflows/{key}").json["version"] for key in ids} == {3}


def test_what_is_at_work_is_passed_over(client, left, found, worker_url):
    """Whoever has the lock is about to give a sign of life, or to close it."""
    busy, silent = left(61), left(61)
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE workflows SET heartbeat_at = now() WHERE id = %s", (busy,))
            assert [row["id"] for row in found()["workflows"]] == [silent]
    finally:
        connection.close()
    assert client.get(f"/v1/workflows/{busy}").json["status"] == "running"
    assert found()["found"] == 0


def test_a_node_that_is_added_meanwhile_is_cancelled_with_it_or_refused(app, left, database):
    for _ in range(5):
        key = left(61)

        def act(number: int, key: str = key) -> int:
            if number == 5:
                with UnitOfWork(database) as work:
                    return len([each for batch in reap(work, HOUR) for each in batch])
            body = {"node_name": str(number)}
            return app.test_client().post(f"/v1/workflows/{key}/nodes", json=body).status_code

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(act, range(10)))
        workflow = app.test_client().get(f"/v1/workflows/{key}").json
        nodes = app.test_client().get(f"/v1/workflows/{key}/nodes").json["items"]
        states = {node["status"] for node in nodes}
        if workflow["status"] == "failed":
            assert states == {"cancelled"}
        else:
            # A node came first, which is a sign of life.
            assert answers[5] == 0
            assert states == {"running"}


def test_the_command_is_one_of_flask(app):
    done = app.test_cli_runner().invoke(args=["workflows", "--help"])
    assert done.exit_code == 0
    assert "Close workflows whose agent is silent" in done.output
