"""A long run of the production server: errors, response times, and memory at start and end.

    python benchmarks/soak.py [--minutes 5] [--rate 200] [--reload]

Requests come at a fixed rate, 70 of 100 read, whether or not those before them have been answered:
a response time is counted from when its request was due, so that a stall shows in all that it held
up. Postgres is embedded, or that of DATABASE_URL, with a database of its own. The last line is
JSON.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any

from rest import NODE, ROOT, WORKFLOW, Sample, fill, own_database, postgres
from sqlalchemy import URL

PATIENCE_S = 30
WARM_UP_S = 10
"""Not counted, and before memory is looked at for the first time."""

TURNS = ("get", "page", "get", "create", "timeline", "get", "append", "get", "page", "complete")
"""Seven of ten read."""


@dataclass
class Load:
    """What the clients share."""

    port: int
    sample: Sample
    rate: float
    until: float
    counted_from: float
    turns: Any = field(default_factory=count)
    started: float = field(default_factory=time.monotonic)
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    nodes: list[str] = field(default_factory=list)


def request_of(load: Load, turn: int) -> tuple[str, str, Any]:
    """Make the request of a turn: method, path, body."""
    sample, kind = load.sample, TURNS[turn % len(TURNS)]
    done, running = sample.done[turn % len(sample.done)], sample.open[turn % len(sample.open)]
    if kind == "complete" and load.nodes:
        return "POST", f"/v1/nodes/{load.nodes.pop()}/complete", {"output": {"places": ["홍대"]}}
    return {
        "get": ("GET", f"/v1/workflows/{done}", None),
        "page": ("GET", "/v1/workflows?limit=50", None),
        "timeline": ("GET", f"/v1/workflows/{running}/timeline", None),
        "create": ("POST", "/v1/workflows", {"user_id": sample.users[turn % 100], **WORKFLOW}),
        "append": ("POST", f"/v1/workflows/{running}/nodes", NODE),
        "complete": ("POST", f"/v1/workflows/{running}/nodes", NODE),
    }[kind]


def ask(load: Load) -> None:
    """Send requests when they are due, one after the other, on one connection."""
    with closing(HTTPConnection("127.0.0.1", load.port, timeout=PATIENCE_S)) as connection:
        while True:
            turn = next(load.turns)
            due = load.started + turn / load.rate
            if due >= load.until:
                return
            time.sleep(max(0, due - time.monotonic()))
            method, path, body = request_of(load, turn)
            text = json.dumps(body, ensure_ascii=False).encode() if body else None
            try:
                connection.request(method, path, text, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = response.read()
            except (OSError, HTTPException) as error:
                load.errors[repr(error)] += 1
                connection.close()
                continue
            if response.status >= HTTPStatus.BAD_REQUEST:
                load.errors[f"{method} {response.status} {answer[:200].decode()}"] += 1
            elif path.endswith("/nodes"):
                load.nodes.append(json.loads(answer)["id"])
            if due >= load.counted_from:
                load.seconds.append(time.monotonic() - due)


@contextmanager
def production_server(url: URL) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the server as in production, and end it after; yields its process and port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = {"DATABASE_URL": url.render_as_string(hide_password=False), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env={**os.environ, "LOG_LEVEL": "WARNING", **address},
        start_new_session=True,
    )
    try:
        await_answer(process, port)
        yield process, port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a server is ready; end this program when it does not get there."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection,
        ):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.05)
    sys.exit("The server did not start; what it wrote stands above.")


def memory(main: int) -> dict[str, float]:
    """Measure the resident memory, in MB, of a server's workers, and of their parent."""
    children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
    page = os.sysconf("SC_PAGE_SIZE")

    def resident(process: str) -> float:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
        return round(int(pages) * page / 1e6, 1)

    return {
        "supervisor": resident(str(main)),
        **{f"worker {number + 1}": resident(child) for number, child in enumerate(children)},
    }


def quantile(seconds: list[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    return round(sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))] * 1000, 1)


def main() -> None:
    """Run, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--clients", type=int, default=32, help="connections at the most")
    parser.add_argument(
        "--reload", action="store_true", help="send SIGHUP at each tenth of the time"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    load_before = os.getloadavg()
    with ExitStack() as stack:
        url = stack.enter_context(own_database(stack.enter_context(postgres())))
        sample = fill(url)
        process, port = stack.enter_context(production_server(url))
        now = time.monotonic()
        until = now + WARM_UP_S + options.minutes * 60
        load = Load(port, sample, options.rate, until, now + WARM_UP_S)
        clients = [threading.Thread(target=ask, args=(load,)) for _ in range(options.clients)]
        for client in clients:
            client.start()
        time.sleep(WARM_UP_S)
        course = [memory(process.pid)]
        pause = (until - time.monotonic()) / 10
        for _ in range(10):
            print(f"{course[-1]} {sum(load.errors.values())} errors", file=sys.stderr)
            time.sleep(max(0, pause))
            course.append(memory(process.pid))
            if options.reload:
                process.send_signal(signal.SIGHUP)
        for client in clients:
            client.join()
        began = time.monotonic()
        process.terminate()
        process.wait(PATIENCE_S)
        stopped_s = time.monotonic() - began
    result = {
        **vars(options),
        "requests": len(load.seconds),
        "errors": dict(load.errors),
        "ms": {name: quantile(load.seconds, q) for name, q in QUANTILES.items()},
        "memory_mb": {"start": course[0], "end": course[-1], "course": course},
        "stop_s": round(stopped_s, 2),
        "load_averages": {"before": load_before, "after": os.getloadavg()},
    }
    print(json.dumps(result, ensure_ascii=False))
    sys.exit(1 if load.errors else 0)


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "most": 1.0}

if __name__ == "__main__":
    main()
