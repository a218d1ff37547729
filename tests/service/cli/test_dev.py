"""`flask dev` starts from nothing, follows changes of the code, and leaves nothing behind."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import URL

from safe_migrations.revisions import heads
from safe_migrations.runner import run
from service.schema import project
from tests.newer import add_revision

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="tells what is left running by looking into /proc, which only Linux has",
)

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60


class Dev:
    """A running `flask dev`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.port = port
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def _get(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(asked) as answer:  # noqa: S310  the server's own
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return status and body of the answer; the port may take a moment to be bound."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._get(path, headers)
            except (OSError, http.client.HTTPException):
                # Not there yet, or just being replaced by a newer one.
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self.output) from None
                time.sleep(0.02)


@contextmanager
def running(instance: Path, *, root: Path = ROOT, **variables: str) -> Iterator[Dev]:
    port = free_port()
    output = instance.with_suffix(".output")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "dev"],
            cwd=root,
            env=environment(instance, port) | variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield Dev(process, port, output)
    finally:
        process.kill()
        process.wait()


def environment(instance: Path, port: int) -> dict[str, str]:
    # Empty, they hide what the `.env` of whoever runs the tests has to say.
    nothing = dict.fromkeys(("DATABASE_URL", "DIRECT_DATABASE_URL", "HOST", "APP_ENV"), "")
    return os.environ | nothing | {"INSTANCE_DIR": str(instance), "PORT": str(port)}


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_served(port: int) -> bool:
    # A process that ends gives its memory back, and so its name, a little before its sockets.
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
    except (ConnectionRefusedError, ConnectionResetError):
        # Reset: its queue went while the connection stood in it.
        return False
    return True


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes(instance: Path) -> list[str]:
    """Find what was started with this instance folder, in its environment or command."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
                if str(instance).encode() in command + (entry / "environ").read_bytes():
                    found.append(command.decode().replace("\0", " "))
            except OSError:
                continue
    return found


def embedded_url(instance: Path) -> str:
    folder = instance / "postgres"
    password, port = (folder / "password").read_text(), (folder / "port").read_text().strip()
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/trip_planner"


def note(instance: Path) -> int:
    """Add a row to the database and return how many there are now."""
    with (
        closing(psycopg2.connect(embedded_url(instance))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE IF NOT EXISTS note (at timestamptz DEFAULT now())")
        cursor.execute("INSERT INTO note DEFAULT VALUES")
        cursor.execute("SELECT count(*) FROM note")
        [count] = cursor.fetchone() or [0]
        return int(count)


def test_every_end_leaves_nothing_but_the_data(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    # A killed one can't tell its children; they have to notice. SIGINT: see the next test.
    for count, end in enumerate((signal.SIGTERM, signal.SIGKILL), start=1):
        with running(instance) as dev:
            status, _ = dev.get("/healthz")
            assert status == 200
            assert note(instance) == count
            assert any(
                "app_server.development_worker" in command for command in processes(instance)
            )
            dev.process.send_signal(end)
            assert dev.process.wait(PATIENCE_S) == (0 if end == signal.SIGTERM else -end)
            assert eventually(lambda: not processes(instance)), processes(instance)
            assert eventually(lambda: not is_served(dev.port))
            assert "Traceback" not in dev.output

    url = f"http://127.0.0.1:{dev.port}"
    password = (instance / "postgres" / "password").read_text()
    banner, _, access_log = dev.output.partition("Ctrl-C\n")
    assert "Warning" not in dev.output
    assert banner.splitlines()[:2] == [f"API       {url}", f"Docs      {url}/docs"]
    assert banner.splitlines()[2] == "Database  " + embedded_url(instance).replace(password, "***")
    [line] = access_log.splitlines()
    assert "GET /healthz 200" in line


def test_changes_are_followed(tmp_path: Path, make_database: Callable[[], URL]) -> None:
    url = make_database().set(drivername="postgresql")
    copy = tmp_path / "copy"
    for name in ("packages", "service", "migrations"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "alembic.ini", copy)
    module = copy / "service" / "settings.py"
    sound = module.read_text()
    instance = tmp_path / "instance"
    database_url = url.render_as_string(hide_password=False)
    with running(instance, root=copy, DATABASE_URL=database_url) as dev:
        assert dev.get("/healthz")[0] == 200
        assert dev.get("/v1/users", Host="evil.example")[0] == 400
        module.write_text("def broken(:\n")
        assert eventually(lambda: dev.get("/healthz")[0] == 500)
        status, body = dev.get("/")
        assert (status, body.splitlines()[-1]) == (500, "SyntaxError: invalid syntax")
        module.write_text(sound)
        assert eventually(lambda: dev.get("/healthz")[0] == 200)
        tracebacks = dev.output.count("Traceback")
        (copy / ".env").write_text("POOL_SIZE=many\nDATABASE_URI=somewhere\n")
        assert eventually(lambda: "POOL_SIZE must be a whole number" in dev.get("/")[1])
        assert "did you mean DATABASE_URL?" in dev.get("/")[1]
        assert dev.output.count("Traceback") == tracebacks
        (copy / ".env").write_text("POOL_SIZE=2\n")
        assert eventually(lambda: dev.get("/healthz")[0] == 200)
        _follows_a_revision(dev, copy / "migrations", database_url)
        assert dev.output.count("Reloading after a change of ") >= 4
        assert dev.output.count(f"Database  {url.render_as_string()}\n") == 1
        dev.process.send_signal(signal.SIGINT)
        assert dev.process.wait(PATIENCE_S) == 0
        assert eventually(lambda: not is_served(dev.port))
    assert eventually(lambda: not processes(instance))
    assert not instance.exists(), "there is a database already"


def _follows_a_revision(dev: Dev, migrations: Path, url: str) -> None:
    """Write a revision and apply it beside the server, as its developer does."""
    add_revision(migrations, "beside", heads(project().versions)[0])
    assert eventually(lambda: "needs beside: run `flask db upgrade`" in dev.get("/readyz")[1])
    assert dev.get("/v1/users")[0] == 503
    run(project().at(str(migrations)), "upgrade", "heads", x=(f"url={url}",), quiet=True)
    assert dev.get("/v1/users")[0] == 200
    status, body = dev.get("/readyz")
    assert (status, '"revision":"beside","note":null' in body) == (200, True)
    status, page = dev.get("/")
    assert (status, "swagger-ui" in page) == (200, True)


def refusal(instance: Path, port: int, **variables: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "dev"],
        cwd=ROOT,
        env=environment(instance, port) | variables,
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert not instance.exists()
    return result.stderr


def test_who_else_can_use_a_server_for_the_network_is_told(
    tmp_path: Path, make_database: Callable[[], URL]
) -> None:
    url = make_database().set(drivername="postgresql").render_as_string(hide_password=False)
    with running(tmp_path / "instance", DATABASE_URL=url, HOST="0.0.0.0", AUTH="off") as dev:  # noqa: S104
        assert dev.get("/v1/users")[0] == 200
        banner, _, warning = dev.output.partition("Ctrl-C\n")
        assert banner.startswith(f"API       http://localhost:{dev.port}\n")
        told = " ".join(warning.split())
        assert told.startswith("Warning Everybody who reaches this machine over the network can")
        assert "AUTH is off" in told
        # A page is not everybody: by a name, it gets nothing.
        assert dev.get("/v1/users", Host="evil.example")[0] == 400
        assert dev.get("/v1/users", Host="192.168.1.5:8000")[0] == 200


def test_port_is_taken(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert refusal(tmp_path / "instance", port) == (
            f"Error: Port {port} on 127.0.0.1 is already in use; stop the other program or choose "
            f"another port: PORT={port + 1} make run\n"
        )


def test_database_can_not_be_used(tmp_path: Path) -> None:
    url = f"postgresql://me:secret@127.0.0.1:{free_port()}/trips"
    text = refusal(tmp_path / "instance", free_port(), DATABASE_URL=url, SCHEMA_CONNECT_WAIT_S="0")
    assert text.startswith("Error: The database refuses connections")
    assert text.count("\n") == 1
