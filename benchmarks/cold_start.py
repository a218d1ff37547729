"""How long a server takes from its start to its first answers, next to FastAPI under uvicorn.

    python benchmarks/cold_start.py [--rounds 5]

One worker each, on the same database, in turn. `alive` is the time until the first answer of a path
that needs no database, `first` what the first request to the database takes then, `second` the same
request again. Medians; the last line is JSON.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack, closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from rest import ROOT, own_database, postgres
from sqlalchemy import URL

PATIENCE_S = 60
BIN = Path(sys.executable).parent
GRANIAN = (str(BIN / "granian"), "--interface=wsgi", "--log-level=error", "wsgi:app")
UVICORN = (sys.executable, "-m", "uvicorn", "--log-level=warning", "benchmarks.peer_fastapi:app")
SERVERS = {
    "this service": ((sys.executable, "-m", "service"), "/healthz"),
    "this service, granian alone": (GRANIAN, "/healthz"),
    "FastAPI, uvicorn": (UVICORN, "/openapi.json"),
}


def ask(port: int, path: str) -> float | None:
    """Send a request and return the seconds that its answer took; None when there was none."""
    began = time.perf_counter()
    with (
        suppress(OSError, HTTPException),
        closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection,
    ):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        if response.status == HTTPStatus.OK:
            return time.perf_counter() - began
    return None


def start_once(command: tuple[str, ...], path: str, url: URL) -> dict[str, float]:
    """Start a server, ask it, and end it; return seconds."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "PORT": str(port),
        "WORKERS": "1",
        "AUTH": "off",
        "LOG_LEVEL": "WARNING",
    }
    if "service" not in command:
        command = (*command, f"--port={port}", "--workers=1")
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **settings}, start_new_session=True
    )
    try:
        while ask(port, path) is None:
            if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                sys.exit(f"{command} did not start; what it wrote stands above.")
            time.sleep(0.005)
        alive = time.perf_counter() - began
        first, second = (ask(port, "/v1/workflows?limit=1") for _ in range(2))
        if first is None or second is None:
            sys.exit(f"{command} does not answer well.")
        return {"alive": alive, "first": first, "second": second}
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> None:
    """Start them all, several times, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    load_before = os.getloadavg()
    rounds: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in SERVERS}
    with ExitStack() as stack:
        url = stack.enter_context(own_database(stack.enter_context(postgres())))
        # The first round, which finds the files cold, does not count.
        for number in range(options.rounds + 1):
            for name, (command, path) in SERVERS.items():
                for what, seconds in start_once(command, path, url).items():
                    if number:
                        rounds[name][what].append(round(seconds * 1000, 1))
    print("| milliseconds | alive | first | second |\n|---|---|---|---|")
    medians = {
        name: {what: statistics.median(values) for what, values in figures.items()}
        for name, figures in rounds.items()
    }
    for name, figures in medians.items():
        cells = " | ".join(f"{figures[what]:.0f}" for what in ("alive", "first", "second"))
        print(f"| {name} | {cells} |")
    averages = {"before": load_before, "after": os.getloadavg()}
    print(json.dumps({"medians": medians, "rounds": rounds, "load_averages": averages}))


if __name__ == "__main__":
    main()
