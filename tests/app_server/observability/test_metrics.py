"""What is counted, and how: in a process of its own, as a process counts into one folder."""

import json
import os
import subprocess
import sys
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from safe_migrations.runner import run
from service.schema import project
from service.settings import ROOT

# It says in JSON what /metrics tells at each point.
PROCESS = """
import json, sys
from app_server.observability import metrics
from service.app import create_app
from service.settings import Settings

url, behind, ahead, folder = sys.argv[1:]
app = create_app(Settings(database_url=url, prometheus_multiproc_dir=folder, log_level="ERROR"))
client = app.test_client()
database = app.extensions["database"]
told = {}
metrics.KEPT_S = 0

def tell(name, **headers):
    answer = client.get("/metrics", headers=headers)
    told[name] = [answer.content_type, answer.get_data(as_text=True)]

tell("first")
tell("openmetrics", Accept="application/openmetrics-text; version=1.0.0")
client.get("/healthz")
client.get("/v1/users")
client.head("/v1/users")
client.get("/v1/users/00000000-0000-7000-8000-000000000000")
client.get("/made/up")
client.open("/v1/users", method="BREW")

# A connection that the server has ended is noticed by the statement.
raw = database.primary.connect()
raw.cursor().execute("SELECT pg_backend_pid()")
ender = database.primary.connect()
cursor = raw.cursor()
cursor.execute("SELECT pg_backend_pid()")
pid = cursor.fetchone()[0]
raw.close()
ender.cursor().execute(f"SELECT pg_terminate_backend({pid}, 5000)")
assert client.get("/v1/users").status_code == 200
tell("holding")
ender.close()

tell("used")
app = create_app(Settings(database_url=behind, prometheus_multiproc_dir=folder, log_level="ERROR"))
client = app.test_client()
assert client.get("/v1/users").status_code == 503
tell("behind")
app = create_app(Settings(database_url=ahead, prometheus_multiproc_dir=folder, log_level="ERROR"))
client = app.test_client()
assert client.get("/v1/users").status_code == 200
tell("ahead")
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def urls(worker_url, make_database, newer, server, execute):
    """A database with the schema at head, an empty one, and one that is ahead."""
    empty = f"empty_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {empty}")
    ahead = make_database()
    x = (f"url={ahead.render_as_string(hide_password=False)}",)
    run(project().at(str(newer)), "upgrade", "heads", x=x, quiet=True)
    yield worker_url, server.set(database=empty), ahead
    execute(server, f"DROP DATABASE {empty} WITH (FORCE)")


@pytest.fixture(scope="module")
def told(urls, tmp_path_factory):
    """What /metrics tells at each point of PROCESS."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", PROCESS),
            *(url.render_as_string(hide_password=False) for url in urls),
            str(tmp_path_factory.mktemp("metrics")),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def value(told):
    """Read a sample at a point: its value, None if it is not there."""

    def value(point, name, **labels):
        samples = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(told[point][1])
            for sample in family.samples
        }
        return samples.get((name, *sorted(labels.items())))

    return value


def test_before_the_first_request_there_are_zeros_to_count_from(value):
    for reason in ("connect", "lost", "deadlock"):
        assert value("first", "database_retries_total", reason=reason) == 0
    assert value("first", "database_pool_connections", server="primary", state="limit") == 15
    assert value("first", "database_pool_connections", server="primary", state="idle") == 0
    assert value("first", "schema_at_head") is None
    # Who asks does not count himself.
    assert value("first", "http_requests_in_flight") == 0


def test_both_formats_can_be_had(told):
    assert told["first"][0].startswith("text/plain; version=")
    assert told["openmetrics"][0].startswith("application/openmetrics-text; version=1.0.0")
    assert told["openmetrics"][1].endswith("# EOF\n")


@pytest.mark.parametrize(
    ("method", "route", "status", "count"),
    [
        ("GET", "/healthz", "200", 1),
        ("GET", "/v1/users", "200", 2),
        ("HEAD", "/v1/users", "200", 1),
        ("GET", "/v1/users/{user_id}", "404", 1),
        ("GET", "unmatched", "404", 1),
        ("_OTHER", "unmatched", "405", 1),
    ],
)
def test_requests_are_counted_by_route(value, method, route, status, count):
    labels = {"method": method, "route": route}
    assert value("used", "http_requests_total", status=status, **labels) == count
    assert value("used", "http_request_duration_seconds_count", **labels) == count


def test_round_trips_are_those_of_requests_that_need_the_database(value):
    users = {"method": "GET", "route": "/v1/users"}
    assert value("used", "database_round_trips_count", **users) == 2
    # One of them was tried again.
    assert value("used", "database_round_trips_sum", **users) >= 2
    assert value("used", "database_wait_seconds_sum", **users) > 0
    healthz = {"method": "GET", "route": "/healthz"}
    assert not value("used", "database_round_trips_count", **healthz)


def test_a_lost_connection_is_counted(value):
    lost = value("used", "database_retries_total", reason="lost")
    connect = value("used", "database_retries_total", reason="connect")
    assert lost + connect >= 1


def test_connections_in_use_and_idle(value):
    assert value("holding", "database_pool_connections", server="primary", state="in_use") == 1
    assert value("used", "database_pool_connections", server="primary", state="in_use") == 0
    assert value("used", "database_pool_connections", server="primary", state="idle") >= 1


def test_a_schema_that_is_behind(value):
    assert value("used", "schema_at_head") == 1
    assert value("used", "schema_ahead") == 0
    assert value("behind", "schema_at_head") == 0
    assert value("behind", "schema_ahead") == 0


def test_a_schema_that_is_ahead(value):
    assert value("ahead", "schema_at_head") == 0
    assert value("ahead", "schema_ahead") == 1
