"""What log lines, metrics and traces cost: requests a second with more and more of them.

    python benchmarks/observability.py [--seconds 5] [--rounds 5] [--connections 16]

The production server with two processes, once for each case, on one database; in each round each of
them is measured, the order changing from round to round. `wrk` makes the load: one workflow by id.
Log lines go to a file, traces to a collector that takes all and keeps none. The last line is JSON.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryFile

from rest import OPERATIONS, PROCESSES, WARM_UP_S, fill, load, own_database, postgres, serving

NOTHING = {"LOG_LEVEL": "WARNING", "LOG_FORMAT": "json", "METRICS": "off"}
LINES = {"LOG_LEVEL": "INFO"}
METRICS = {"METRICS": "on"}


class Collector(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        """Read it and say that it is well."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collector() -> Iterator[str]:
    """Serve a collector; yields its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16, help="kept open by the clients")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ |= {"WORKERS": str(PROCESSES), "THREADS": "4"}
    (operation,) = (item for item in OPERATIONS if item.name == "get")
    load_before = os.getloadavg()
    rates: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        lines = stack.enter_context(TemporaryFile())
        os.dup2(lines.fileno(), sys.stderr.fileno())
        url = stack.enter_context(own_database(stack.enter_context(postgres())))
        sample = fill(url)
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(collector())}
        cases = {
            "nothing": NOTHING,
            "a log line for each request": NOTHING | LINES,
            "metrics": NOTHING | METRICS,
            "lines and metrics, as by default": NOTHING | LINES | METRICS,
            "lines, metrics and traces": NOTHING | LINES | METRICS | traces,
        }
        servers = [
            stack.enter_context(serving(name, ("service",), url, **environment))
            for name, environment in cases.items()
        ]
        for number in range(options.rounds + 1):
            for server in servers if number % 2 else reversed(servers):
                seconds = options.seconds if number else WARM_UP_S
                requests = server.requests(operation, sample)
                rate = load(server, "GET", requests, options.connections, seconds)
                if number:
                    rates[server.name].append(round(rate, 1))
    medians = {name: statistics.median(rates[name]) for name in cases}
    print("| | requests per second | of those without |\n|---|---|---|")
    for name, rate in medians.items():
        print(f"| {name} | {rate:.0f} | {rate / medians['nothing']:.0%} |")
    averages = {"before": load_before, "after": os.getloadavg()}
    print(json.dumps({**vars(options), "rounds": rates, "load_averages": averages}))


if __name__ == "__main__":
    main()
