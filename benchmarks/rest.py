"""How many requests a second this service answers, next to FastAPI + SQLModel on the same rows.

It is served twice: to anybody, and to who has a key.

    python benchmarks/rest.py [--seconds 5] [--rounds 3] [--connections 16]

Both servers have two processes, the same pools and the same database, which is made for the
occasion: on the server of DATABASE_URL, or on an embedded Postgres that ends with the comparison.
In each round each operation is measured on one of them and then on the other, the order changing
from round to round; `wrk` makes the load. What is printed are the medians. README.md says what the
two do for their answers.
"""

import argparse
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
from psycopg2.errors import QueryCanceled
from sqlalchemy import URL

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from plain_commands.errors import PlainError  # noqa: E402
from safe_migrations.runner import upgrade  # noqa: E402
from serverless_postgres.embedded import EmbeddedPostgres  # noqa: E402  found only now
from serverless_postgres.url import parse  # noqa: E402
from service.schema import project  # noqa: E402

ROWS = 100_000
USERS = 100
SAMPLE = 1000
"""How many rows, of all, the requests are about in turn."""

PROCESSES = 2
POOL = {"POOL_SIZE": "5", "POOL_MAX_OVERFLOW": "10"}
"""What SQLAlchemy, and so the peer, has unless told otherwise."""

WARM_UP_S = 1
TIME_LIMIT_S = 30

ITINERARY = [
    {
        "order": order,
        "place": {
            "name": f"홍대 미술관 {order}관",
            "category": "culture",
            "address": f"서울특별시 마포구 와우산로 {order}길 94",
            "latitude": 37.5512 + order / 1000,
            "longitude": 126.9250 + order / 1000,
        },
        "start_time": f"{12 + order}:00",
        "end_time": f"{12 + order}:50",
        "estimated_cost_krw": 15000 + order * 1000,
        "travel": {"mode": "walk", "minutes": 8, "distance_m": 620},
        "reason": "조용하고, 다음 장소까지 걸어서 갈 수 있습니다.",
    }
    for order in range(1, 5)
]

WORKFLOW = {
    "user_input": "홍대에서 데이트하고 싶어",
    "name": "홍대 데이트",
    "input_type": "region",
    "time_settings": {"enabled": True, "start_time": "14:00", "duration_hours": 6},
    "user_intent": {"location": "홍대", "theme": "culture", "companions": 2, "budget_krw": 80000},
    "tags": ["date", "culture"],
    "metadata": {"client": "web", "version": "2.4.1"},
}

NODE = {
    "node_name": "discover_dining_places",
    "node_type": "search",
    "input": {"location": "홍대", "radius_m": 2000, "categories": ["korean", "cafe"]},
}

FILL = """
INSERT INTO users (id, username)
SELECT gen_random_uuid(), 'user_' || number FROM generate_series(1, %(users)s) AS number;

INSERT INTO workflows (
    id, user_id, user_input, name, input_type, time_settings, user_intent, tags, metadata,
    final_itinerary, created_at, started_at, status, completed_at, active_ms)
SELECT
    gen_random_uuid(), people.ids[1 + number %% %(users)s], wish.user_input, wish.name,
    wish.input_type, wish.time_settings, wish.user_intent, wish.tags, wish.metadata,
    %(itinerary)s, began, began,
    CASE WHEN is_done THEN 'completed' ELSE 'running' END,
    CASE WHEN is_done THEN began + interval '30 s' END,
    CASE WHEN is_done THEN 30000 ELSE 0 END
FROM
    generate_series(1, %(rows)s) AS number,
    -- The newest begin tomorrow: no workflow that a round creates gets into the page.
    LATERAL (SELECT now() + number * interval '1 s' AS began, number %% 10 > 0 AS is_done) AS life,
    (SELECT array_agg(id) AS ids FROM users) AS people,
    json_populate_record(NULL::workflows, %(workflow)s) AS wish;
"""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One kind of request, the same to both servers.

    In its path stands `{done}` for a completed workflow and `{open}` for a running one, each
    request's own. `of_its_own` are the fields in which two answers may differ.
    """

    name: str
    work: str
    path: str
    peer_path: str | None = None
    body: dict[str, Any] | None = None
    of_its_own: frozenset[str] = field(default_factory=frozenset)


TIMES = frozenset({"created_at", "updated_at", "started_at"})
OPERATIONS = (
    Operation(name="get", work="one workflow by id", path="/v1/workflows/{done}"),
    Operation(
        name="page",
        work="page of 50, full rows",
        path="/v1/workflows?limit=50&include=user_intent,metadata,final_itinerary",
        peer_path="/v1/workflows?limit=50",
    ),
    Operation(
        name="summaries",
        work="page of 50, summary rows",
        path="/v1/workflows?limit=50",
        peer_path="/v1/workflows/summaries?limit=50",
    ),
    Operation(
        name="create",
        work="create one workflow",
        path="/v1/workflows",
        body=WORKFLOW,
        of_its_own=TIMES | {"id"},
    ),
    Operation(
        name="append",
        work="append one node to a workflow",
        path="/v1/workflows/{open}/nodes",
        body=NODE,
        of_its_own=TIMES | {"id", "seq"},
    ),
)
NOT_YET = "create 100 nodes in one request"


@dataclass(frozen=True)
class Sample:
    """Rows that the requests are about."""

    done: list[str]
    open: list[str]
    users: list[str]


@dataclass(frozen=True)
class Server:
    """A server under load."""

    name: str
    port: int
    key: str = ""

    def requests(self, operation: Operation, sample: Sample) -> list[tuple[str, str]]:
        """List path and body of the requests, which are sent in turn, over and over."""
        path = (self.name == PEER and operation.peer_path) or operation.path
        requests = []
        for done, open_one, user in zip(sample.done, sample.open, sample.users, strict=True):
            body = operation.body
            if body is WORKFLOW:
                body = {"user_id": str(user), **WORKFLOW}
            text = json.dumps(body, ensure_ascii=False) if body else ""
            requests.append((path.format(done=done, open=open_one), text))
        return list(dict.fromkeys(requests))


SERVICE = "this service"
SECURED = "with keys"
PEER = "FastAPI + SQLModel"

WRK_SCRIPT = """
local requests, last = {}, 0
wrk.method = METHOD
wrk.headers["Content-Type"] = "application/json"
if KEY ~= "" then
    wrk.headers["Authorization"] = "Bearer " .. KEY
end
function init()
    for i, item in ipairs(ITEMS) do
        requests[i] = wrk.format(nil, item[1], nil, item[2])
    end
end
function request()
    last = last % #requests + 1
    return requests[last]
end
function done(summary)
    local e = summary.errors
    local bad = e.connect + e.read + e.write + e.timeout
    local rate = summary.requests / summary.duration * 1e6
    print(string.format('{"rate": %f, "refused": %d, "failed": %d}', rate, e.status, bad))
end
"""


def load(
    server: Server, method: str, requests: list[tuple[str, str]], connections: int, seconds: int
) -> float:
    """Send requests for some seconds; return how many were answered per second.

    Ends the program when one of them was not answered well.
    """
    items = ", ".join(f"{{{_lua(path)}, {_lua(body)}}}" for path, body in requests)
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        given = f"{_lua(method)}, {_lua(server.key)}, {{{items}}}"
        script.write(f"local METHOD, KEY, ITEMS = {given}\n{WRK_SCRIPT}")
        script.flush()
        command = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
        url = f"http://127.0.0.1:{server.port}"
        wrk = subprocess.run(
            [_wrk(), *command, f"--timeout={TIME_LIMIT_S}s", f"--script={script.name}", url],
            capture_output=True,
            text=True,
            check=False,
        )
    if wrk.returncode:
        sys.exit(f"wrk failed: {wrk.stderr or wrk.stdout}")
    figures = json.loads(wrk.stdout.splitlines()[-1])
    if figures["refused"] or figures["failed"]:
        sys.exit(f"{server.name} did not answer {requests[0][0]} well: {figures}")
    return float(figures["rate"])


def _lua(text: str) -> str:
    # A JSON string whose characters are not escaped needlessly is one of Lua too.
    return json.dumps(text, ensure_ascii=False)


def _wrk() -> str:
    program = shutil.which("wrk")
    if program is None:
        sys.exit("wrk, which makes the load, is not installed: on Debian, `apt install wrk`.")
    return program


@contextmanager
def postgres() -> Iterator[URL]:
    """Use the server of DATABASE_URL, or one that is there for this comparison only."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield parse(given)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "postgres"
        embedded = EmbeddedPostgres(folder)
        url = embedded.start()
        try:
            yield parse(url)
        finally:
            embedded.release()
            # Postgres has this lock until it has ended; only then can its files be removed.
            with (folder / "postgres.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)


@contextmanager
def own_database(server: URL) -> Iterator[URL]:
    """Make a database at the newest revision, and drop it after."""
    name = f"bench_requests_{secrets.token_hex(4)}"
    execute(server, f"CREATE DATABASE {name}")
    try:
        url = server.set(database=name)
        upgrade(project(), url.render_as_string(hide_password=False))
        yield url
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def execute(url: URL, sql: str, parameters: dict[str, Any] | None = None) -> list[Any]:
    """Run SQL, each statement its own transaction unless several come at once."""
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(text)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def fill(url: URL) -> Sample:
    """Make the rows, and choose those that the requests are about."""
    itinerary = json.dumps(ITINERARY, ensure_ascii=False)
    workflow = json.dumps(WORKFLOW, ensure_ascii=False)
    parameters = {"rows": ROWS, "users": USERS, "itinerary": itinerary, "workflow": workflow}
    execute(url, FILL, parameters)
    execute(url, "VACUUM ANALYZE")

    def some(status: str) -> list[str]:
        sql = "SELECT id FROM workflows WHERE status = %(status)s ORDER BY random() LIMIT %(n)s"
        return [row[0] for row in execute(url, sql, {"status": status, "n": SAMPLE})]

    users = [row[0] for row in execute(url, "SELECT id FROM users")]
    return Sample(some("completed"), some("running"), users * (SAMPLE // USERS))


def make_key(url: URL) -> str:
    """Make a key that may do all, as somebody at a terminal does."""
    command = ["flask", "keys", "create", "--name", "benchmark", "--scope", "admin", "--json"]
    address = {"DATABASE_URL": url.render_as_string(hide_password=False)}
    made = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, **address},
        check=True,
        capture_output=True,
    )
    return str(json.loads(made.stdout)["key"])


@contextmanager
def serving(
    name: str, command: Sequence[str], url: URL, key: str = "", **environment: str
) -> Iterator[Server]:
    """Start a server and end it after; `command` is a Python module with its options."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = {"DATABASE_URL": url.render_as_string(hide_password=False)}
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--host=127.0.0.1", f"--port={port}"],
        cwd=ROOT,
        env={**os.environ, **POOL, **address, **environment},
        # Ctrl-C is for this program, which ends its servers itself.
        start_new_session=True,
    )
    try:
        server = Server(name, port, key)
        _await(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            ask(server, "GET", "/v1/workflows?limit=1", "")
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{server.name} did not start; what it wrote stands above.")


def ask(server: Server, method: str, path: str, body: str) -> Any:
    """Send one request and return the JSON of its answer, which must be good."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIME_LIMIT_S)
    with closing(connection):
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {server.key}"} if server.key else {}
        connection.request(method, path, body.encode(), headers)
        response = connection.getresponse()
        answer = response.read()
    if response.status >= http.HTTPStatus.MULTIPLE_CHOICES:
        sys.exit(f"{server.name} answers {path} with {response.status}: {answer.decode()}")
    return json.loads(answer)


def check_equality(servers: Sequence[Server], sample: Sample) -> None:
    """End the program unless all servers give the same fields with the same values."""
    for operation in OPERATIONS:
        answers = []
        for server in servers:
            path, body = server.requests(operation, sample)[0]
            answer = ask(server, method_of(operation), path, body)
            rows = answer.get("items", [answer])
            answers.append([comparable(row, operation.of_its_own) for row in rows])
        if any(answer != answers[0] for answer in answers):
            sys.exit(f"The answers differ for {operation.work}: {answers}")


def comparable(row: dict[str, Any], of_its_own: frozenset[str]) -> dict[str, Any]:
    """Make a row that equals that of another server: times may be written with Z or +00:00."""
    return {
        name: None
        if name in of_its_own
        else datetime.fromisoformat(value)
        if name.endswith("_at") and value
        else value
        for name, value in row.items()
        # Which this service looks up, and the peer does not.
        if name != "itinerary_id"
    }


def method_of(operation: Operation) -> str:
    """Get the method: what has a body is posted."""
    return "POST" if operation.body else "GET"


def measure(
    servers: Sequence[Server], sample: Sample, options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Measure all operations on all servers in turn; return rates by operation and server."""
    rates: dict[str, dict[str, list[float]]] = {
        operation.name: {server.name: [] for server in servers} for operation in OPERATIONS
    }
    for number in range(options.rounds + 1):
        for operation in OPERATIONS:
            for server in servers if number % 2 else reversed(servers):
                requests = server.requests(operation, sample)
                seconds = options.seconds if number else WARM_UP_S
                rate = load(server, method_of(operation), requests, options.connections, seconds)
                if number:
                    rates[operation.name][server.name].append(rate)
    return rates


def report(rates: dict[str, dict[str, list[float]]], facts: dict[str, Any]) -> None:
    """Print the medians as a table, and all there is to know as JSON."""
    print(
        f"| requests per second | {SERVICE} | {SECURED} | {PEER} | ratio |\n|---|---|---|---|---|"
    )
    results = {}
    for operation in OPERATIONS:
        rounds = rates[operation.name]
        names = (SERVICE, SECURED, PEER)
        ours, secured, peers = (statistics.median(rounds[name]) for name in names)
        told = f"{ours:.0f} | {secured:.0f} | {peers:.0f} | {ours / peers:.1f}"
        print(f"| {operation.work} | {told} |")
        results[operation.name] = {
            "service": round(ours, 1),
            "with keys": round(secured, 1),
            "peer": round(peers, 1),
            "ratio": round(ours / peers, 2),
            "rounds": {name: [round(rate, 1) for rate in rounds[name]] for name in rounds},
        }
    print(f"| {NOT_YET} | not yet | not yet | not yet | |\n")
    print(json.dumps({**facts, "operations": results}))


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16, help="kept open by the clients")
    parser.add_argument(
        "--blocking-threads", type=int, default=4, help="of each process of this service"
    )
    parser.add_argument(
        "--granian", action="store_true", help="serve with granian's own WSGI interface"
    )
    options = parser.parse_args()
    _wrk()
    # Without this a statement that takes long holds Ctrl-C up.
    psycopg2.extensions.set_wait_callback(psycopg2.extras.wait_select)
    # As with Ctrl-C: all that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    granian = ("granian", "--interface=wsgi", "--log-level=warning", f"--workers={PROCESSES}")
    threads = f"--blocking-threads={options.blocking_threads}"
    service = ("service",)
    if options.granian:
        service = (*granian, threads, "wsgi:app")
    os.environ |= {"WORKERS": str(PROCESSES), "THREADS": str(options.blocking_threads)}
    uvicorn = ("uvicorn", "--http=httptools", "--loop=uvloop", f"--workers={PROCESSES}")
    quiet = ("--no-access-log", "--log-level=warning")
    load_before = os.getloadavg()
    with ExitStack() as stack:
        url = stack.enter_context(own_database(stack.enter_context(postgres())))
        sample = fill(url)
        commands = {
            SERVICE: service,
            PEER: (*uvicorn, *quiet, "benchmarks.peer_fastapi:app"),
        }
        # No line for each request, as the peer writes none.
        quiet_too = {"LOG_LEVEL": "WARNING", "RATE_LIMIT": "1000000/second"}
        servers = [
            stack.enter_context(serving(name, command, url, AUTH="off", **quiet_too))
            for name, command in commands.items()
        ]
        key = make_key(url)
        secured = serving(SECURED, service, url, key, AUTH="on", **quiet_too)
        servers.insert(1, stack.enter_context(secured))
        check_equality(servers, sample)
        rates = measure(servers, sample, options)
    facts = vars(options) | {"processes": PROCESSES, "cores": os.cpu_count()}
    averages = {"before": load_before, "after": os.getloadavg()}
    report(rates, facts | {"rows": ROWS, "load_averages": averages})


if __name__ == "__main__":
    try:
        main()
    except PlainError as error:
        sys.exit(f"Error: {error}")
    except (KeyboardInterrupt, QueryCanceled):
        sys.exit(130)
