"""The server starts on settings that can work, or says in a sentence what is wrong."""

import socket
import sys

import pytest

from tests.app_server.conftest import TIME_LIMIT_S


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DATABASE_URL": ""}, "Error: DATABASE_URL environment variable is not set."),
        ({"THREADS": "16"}, "Error: THREADS is 16, but a process has 15 connections"),
        ({"DRAIN_S": "25"}, "Error: DRAIN_S must be less than GRACE_S"),
        ({"WORKERS": "0"}, "Error: WORKERS must be a whole number of at least 1"),
        ({"HEADER_TIMEOUT_S": "9" * 17}, "Error: HEADER_TIMEOUT_S must be a whole number"),
        ({"HOST": "ö" * 64}, "Error: HOST must be an address or a name"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:s3cret@["},
            "Error: OTEL_EXPORTER_OTLP_ENDPOINT must be an address",
        ),
        ({"DATABASE_URL": "mysql://me:s3cret@h/d"}, "Error: DATABASE_URL is not a Postgres URL"),
    ],
)
def test_settings_that_can_not_work_end_it(start, environment, said):
    server = start(**environment)
    assert server.process.wait(TIME_LIMIT_S) == 1
    assert said in server.said
    assert "Traceback" not in server.said
    assert "s3cret" not in server.said


def test_it_serves_on_a_unix_socket_that_is_passed_on(start, tmp_path):
    path = str(tmp_path / "trips.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        # No page reaches it: what its proxy passes on is the proxy's to judge.
        server = start(listener=listener, PORT="8000", ALLOWED_HOSTS="")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIME_LIMIT_S)
        client.connect(path)
        client.sendall(b"GET /v1/users?limit=1 HTTP/1.1\r\nHost: trips\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0


def test_on_a_socket_of_a_loopback_address_it_has_the_names_of_this_machine(start):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Whatever HOST says: the socket is what counts.
        server = start(listener=listener, HOST="0.0.0.0", ALLOWED_HOSTS="")  # noqa: S104
    server.await_ready()
    for host, expected in ((b"localhost:1", b"200"), (b"evil.example", b"400")):
        for path in (b"/v1/users?limit=1", b"/metrics", b"/healthz"):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.settimeout(TIME_LIMIT_S)
                client.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, host))
                assert client.recv(65536).startswith(b"HTTP/1.1 %s " % expected)
    assert "set ALLOWED_HOSTS to that name" in server.said
    assert server.stop() == 0


def test_what_is_given_with_the_command_wins_over_the_settings(start):
    server = start(command=(sys.executable, "-m", "service", "--port", "70000"))
    assert server.process.wait(TIME_LIMIT_S) == 2
    assert "argument --port: invalid port value: '70000'" in server.said


def test_a_port_that_is_taken_ends_it(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(PORT=str(port))
        assert server.process.wait(TIME_LIMIT_S) == 1
    assert f"Error: Port {port} on 127.0.0.1 is already in use" in server.said


def test_it_serves_where_stdin_stdout_and_stderr_are_closed(start):
    command = (sys.executable, "-m", "service")
    server = start(command=("sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *command))
    server.await_ready()
    assert server.ask("/v1/users?limit=1").status == 200
    assert server.stop() == 0
