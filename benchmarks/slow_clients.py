"""How long a healthy client waits while 200 slow ones are there, next to granian's own WSGI.

    python benchmarks/slow_clients.py [--requests 200]

One process with eight threads each, on the same database. Of the slow clients 60 send a request's
head byte by byte, 80 its body, and 60 do not read their answers. A request without an answer within
five seconds is given up, and counts as that long. The last line is JSON.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from rest import own_database, postgres, serving

LIMIT_S = 5.0
WARM_UP = 20
HEAD = b"GET /v1/users HTTP/1.1\r\nHost: localhost"
BODY = (
    b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 500\r\n\r\n{"
)
UNREAD = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 9
SLOW = (*[HEAD] * 60, *[BODY] * 80, *[UNREAD] * 60)
SERVERS = {
    "this service": ("service",),
    "the same app in granian's own WSGI": (
        *("granian", "--interface=wsgi", "--workers=1", "--blocking-threads=8"),
        *("--log-level=error", "wsgi:app"),
    ),
}


@contextmanager
def slow_clients(port: int) -> Iterator[list[socket.socket]]:
    """Connect them all, and have each send its first bytes."""
    with ExitStack() as stack:
        clients = []
        for begun in SLOW:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(begun)
            clients.append(client)
        yield clients


def one_request(port: int) -> float:
    """Send a request on a connection of its own; return its milliseconds."""
    began = time.perf_counter()
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client,
    ):
        client.sendall(
            b"GET /v1/users?limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        answer = client.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            sys.exit(f"The answer is {answer[:80]!r}.")
        return (time.perf_counter() - began) * 1000
    return LIMIT_S * 1000


def measure(port: int, requests: int, slow: list[socket.socket]) -> list[float]:
    """Send requests one after the other, while the slow clients send on now and then."""
    milliseconds: list[float] = []
    for number in range(requests):
        for client in slow[number % 20 : 140 : 20]:
            with suppress(OSError):
                client.send(b" ")
        milliseconds.append(one_request(port))
        # What takes so long each time is known.
        if len(milliseconds) == WARM_UP and min(milliseconds) >= LIMIT_S * 1000:
            break
    return milliseconds


def main() -> None:
    """Measure each server without and with slow clients, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200, help="of each measurement")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ |= {"WORKERS": "1", "THREADS": "8", "LOG_LEVEL": "WARNING"}
    load_before = os.getloadavg()
    found: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        url = stack.enter_context(own_database(stack.enter_context(postgres())))
        for name, command in SERVERS.items():
            with serving(name, command, url) as server:
                measure(server.port, WARM_UP, [])
                alone = measure(server.port, options.requests, [])
                with slow_clients(server.port) as slow:
                    # Until the answers that nobody reads have been made.
                    time.sleep(LIMIT_S)
                    beside = measure(server.port, options.requests, slow)
            found[name] = {
                "alone": statistics.median(alone),
                "median": statistics.median(beside),
                "most": max(beside),
            }
    print("| milliseconds | alone | beside 200 slow clients | the slowest of those |")
    print("|---|---|---|---|")
    for name, figures in found.items():
        print(f"| {name} | {' | '.join(f'{value:.1f}' for value in figures.values())} |")
    averages = {"before": load_before, "after": os.getloadavg()}
    print(json.dumps({**vars(options), "found": found, "load_averages": averages}))


if __name__ == "__main__":
    main()
