"""The embedded server is one per folder, lives as long as its users, and says what is wrong."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from plain_commands.errors import ConfigurationError
from serverless_postgres import embedded
from serverless_postgres.embedded import EmbeddedPostgres

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="tells what is left running by looking into /proc, which only Linux has",
)

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
SLEEP = shutil.which("sleep") or "sleep"
# The folder comes by the environment, so that only keeper and postgres have it in their command.
# Nobody keeps the object: the process is what uses the server.
USER = """
import os, pathlib, sys
from serverless_postgres.embedded import EmbeddedPostgres
print(EmbeddedPostgres(pathlib.Path(os.environ["FOLDER"]), durable=False).start(), flush=True)
sys.stdin.read()
"""
FORKING_USER = USER.replace(
    "sys.stdin.read()",
    """
child = os.fork()
if child == 0:
    os.closerange(0, 3)
    signal.pause()
print(child, flush=True)
signal.pause()
""",
).replace("import os,", "import os, signal,")


class User:
    """Another process that uses the server until it is stopped."""

    def __init__(self, folder: Path, program: str) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"FOLDER": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Wait for its next line; the first is the URL."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it with no chance to clear up."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def users(folder: Path, count: int, program: str = USER) -> Iterator[list[User]]:
    started = [User(folder, program) for _ in range(count)]
    try:
        yield started
    finally:
        for user in started:
            user.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a data folder; after the test nothing of its server may be left."""
    folder = tmp_path / "postgres"
    yield folder
    assert eventually(lambda: not processes(folder)), commands(processes(folder))


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def commands(pids: list[int]) -> list[str]:
    return [command(pid) for pid in pids]


def works_in(pid: int, folder: Path) -> bool:
    places = {folder / "pgdata", folder / "pgdata.new" / "pgdata"}
    try:
        return Path(f"/proc/{pid}/cwd").readlink() in places
    except OSError:
        return False


def processes(folder: Path) -> list[int]:
    """Find keeper, postgres and postgres's own processes, which name no folder but work in it."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if str(folder) in command(pid) or works_in(pid, folder)]


def keepers(folder: Path) -> list[int]:
    return [pid for pid in processes(folder) if "serverless_postgres.embedded" in command(pid)]


def servers(folder: Path) -> list[int]:
    return [pid for pid in processes(folder) if "bin/postgres " in command(pid)]


def only(pids: list[int]) -> int:
    [pid] = pids
    return pid


def query(url: str, sql: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def test_processes_share_one_server(folder: Path) -> None:
    with users(folder, 8) as started:
        urls = {user.line() for user in started}
        assert len(urls) == 1
        assert len(servers(folder)) == len(keepers(folder)) == 1
        assert query(urls.pop(), "SELECT current_database()") == "app"


def test_programs_have_databases_of_their_own_on_one_server(folder: Path) -> None:
    with (
        EmbeddedPostgres(folder, durable=False, database="books") as books,
        EmbeddedPostgres(folder, durable=False, database="My orders") as orders,
    ):
        assert query(books, "SELECT current_database()") == "books"
        assert query(orders, "SELECT current_database()") == "My orders"
        assert len(servers(folder)) == 1


def test_killed_user_leaves_nothing_but_its_data(folder: Path) -> None:
    with users(folder, 1) as [user]:
        query(user.line(), "CREATE TABLE note AS SELECT '제주' AS text")
        user.kill()
        assert eventually(lambda: not processes(folder))
    with EmbeddedPostgres(folder) as url:
        assert query(url, "SELECT text FROM note") == "제주"


def test_server_stays_for_the_second_user(folder: Path) -> None:
    with users(folder, 1) as [first], users(folder, 1) as [second]:
        first.line()
        url = second.line()
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            first.kill()
            time.sleep(0.5)  # Long enough to stop the server, as the test before this one shows.
            cursor.execute("SELECT 1")
            assert query(url, "SELECT 1") == 1


def test_killed_keeper_takes_postgres_along(folder: Path) -> None:
    with EmbeddedPostgres(folder) as url:
        query(url, "CREATE TABLE note ()")
        os.kill(only(keepers(folder)), signal.SIGKILL)
        assert eventually(lambda: not processes(folder))
        with users(folder, 1) as [user]:
            assert query(user.line(), "SELECT count(*) FROM note") == 0


def test_killed_postgres_is_started_anew(folder: Path) -> None:
    with EmbeddedPostgres(folder) as url:
        query(url, "CREATE TABLE note ()")
        os.kill(only(servers(folder)), signal.SIGKILL)
        with users(folder, 1) as [user]:
            assert query(user.line(), "SELECT count(*) FROM note") == 0


def test_start_in_the_middle_of_a_stop(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    urls = set()
    for _ in range(5):
        urls.add(server.start())
        assert query(server.start(), "SELECT 1") == 1
        server.release()
    assert len(urls) == 1, "the port is the one of the last time"


def test_forked_child_does_not_keep_the_server(folder: Path) -> None:
    with users(folder, 1, FORKING_USER) as [user]:
        user.line()
        child = int(user.line())
        user.kill()
        try:
            assert eventually(lambda: not processes(folder))
            os.kill(child, 0)  # It still lives, or this raises.
        finally:
            os.kill(child, signal.SIGKILL)


def test_killed_initdb_is_begun_anew(folder: Path) -> None:
    leftover = folder / "pgdata.new" / "pgdata"
    (leftover / "base").mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("18\n")
    (folder / "password").write_text("of a cluster that never was")
    with EmbeddedPostgres(folder, durable=False) as url:
        assert query(url, "SELECT 1") == 1
    assert not leftover.parent.exists()


def test_folder_with_a_long_name_of_spaces_and_hangul(tmp_path: Path) -> None:
    folder = tmp_path / "여행 계획" / ("a 'quoted' \"name\" " + "x" * 100)
    with EmbeddedPostgres(folder, durable=False) as url:
        assert query(url, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{하,가,나}'::text[]) x")
    assert eventually(lambda: not processes(folder))


def test_taken_port_is_replaced(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False):
        pass
    assert eventually(lambda: not processes(folder))
    port = int((folder / "port").read_text())
    with (
        closing(socket.create_server(("127.0.0.1", port))),
        EmbeddedPostgres(folder, durable=False) as url,
    ):
        assert f":{port}/" not in url
        assert query(url, "SELECT 1") == 1


def test_stale_pid_of_another_living_program(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False) as url:
        account = (folder / "pgdata").stat().st_uid
        query(url, "CREATE TABLE note ()")
        pid_file = (folder / "pgdata" / "postmaster.pid").read_text().partition("\n")[2]
    assert eventually(lambda: not processes(folder))
    # Of the same account: to postgres this looks like another postgres.
    with subprocess.Popen([SLEEP, "60"], user=account if os.geteuid() == 0 else None) as other:
        (folder / "pgdata" / "postmaster.pid").write_text(f"{other.pid}\n{pid_file}")
        try:
            with EmbeddedPostgres(folder, durable=False) as url:
                assert query(url, "SELECT count(*) FROM note") == 0
            assert other.poll() is None
        finally:
            other.kill()


def test_other_major_version(folder: Path) -> None:
    (folder / "pgdata").mkdir(parents=True)
    (folder / "pgdata" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigurationError, match=r"written by PostgreSQL 17.* is 18: move "):
        EmbeddedPostgres(folder).start()


def test_wheel_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="DATABASE_URL environment variable is not set"):
        EmbeddedPostgres(folder).start()
    assert not folder.exists()


def test_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"can't use .*file.*: Not a directory\."):
        EmbeddedPostgres(tmp_path / "file" / "postgres").start()


def test_log_gives_the_reason(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False):
        pass
    assert eventually(lambda: not processes(folder))
    (folder / "pgdata" / "postgresql.conf").write_text("fsync = perhaps\n")
    with pytest.raises(
        ConfigurationError,
        match=r"did not start: FATAL: .*postgresql\.conf.* \(see .*server\.log\)\.$",
    ):
        EmbeddedPostgres(folder).start()


def modes(folder: Path) -> dict[str, int]:
    paths = (folder, *folder.iterdir())
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}


def private(found: dict[str, int]) -> bool:
    return not any(mode & 0o077 for mode in found.values())


def test_folder_and_files_are_closed_to_others_also_those_from_before(folder: Path) -> None:
    before = os.umask(0)
    try:
        with EmbeddedPostgres(folder, durable=False) as url:
            assert private(modes(folder)), modes(folder)
            assert modes(folder)["postgres"] == 0o700
            for path in (folder, *folder.glob("*.l*"), folder / "port", folder / "password"):
                path.chmod(0o755)
            with users(folder, 1) as [user]:
                assert user.line() == url
                assert private(modes(folder)), modes(folder)
    finally:
        os.umask(before)


def test_log_holds_no_value_whatever_fails(folder: Path) -> None:
    log = folder / "server.log"
    with EmbeddedPostgres(folder, durable=False) as url:
        query(url, "CREATE TABLE note (text varchar(20) PRIMARY KEY CHECK (text <> 'no s3cret'))")
        query(url, "INSERT INTO note VALUES ('s3cret')")
        for statement in (
            "INSERT INTO note VALUES ('s3cret')",
            "INSERT INTO note VALUES ('no s3cret')",
            "INSERT INTO note VALUES ('a s3cret that is too long')",
            "INSERT INTO note SELECT NULL FROM (SELECT 's3cret') AS s",
            "SELECT 's3cret'::uuid",
            "SELECT '{\"s3cret\"}'::json",
            "SELECT 's3cret' FROM nowhere",
            "DO $$ BEGIN RAISE WARNING 's3cret'; END $$; SELECT 1 / 0",
        ):
            with pytest.raises(psycopg2.Error):
                query(url, statement)
        _crash(url, "SELECT pg_backend_pid(), 's3cret'")
        assert eventually(lambda: "was terminated by signal 11" in log.read_text())
        # Not stopped in the middle of its recovery.
        assert eventually(lambda: log.read_text().count("ready to accept connections") == 2)
    assert "s3cret" not in log.read_text()


def _crash(url: str, sql: str) -> None:
    """End a process of the server as a fault in it does: its last statement is told of."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        [pid, *_] = cursor.fetchone() or []
        os.kill(pid, signal.SIGSEGV)
        assert eventually(lambda: not command(pid))


def test_nobody_gets_in_from_elsewhere_or_without_the_password(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False) as url:
        assert query(url, "SHOW listen_addresses") == "127.0.0.1"
        assert query(url, "SHOW unix_socket_directories") == ""
        ways = query(url, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
        assert ways == ["scram-sha-256"]
        assert query(url, "SELECT left(rolpassword, 14) FROM pg_authid WHERE oid = 10") == (
            "SCRAM-SHA-256$"
        )


def test_slow_start_is_announced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(embedded, "NOTICE_AFTER_S", 0.05)
    with EmbeddedPostgres(folder, durable=False):
        assert capsys.readouterr().err == "Preparing the embedded Postgres …\n"


def test_password_is_private(folder: Path) -> None:
    with users(folder, 1) as [user]:
        file = folder / "password"
        seen: set[str] = set()

        def look_until_there_is_a_port() -> bool:
            seen.update(commands(processes(folder)))
            return (folder / "port").exists()

        # From before initdb on, which gets the password as well.
        assert eventually(look_until_there_is_a_port)
        url, password = user.line(), file.read_text()
        assert password in url
        seen |= {command(int(p.name)) for p in Path("/proc").iterdir() if p.name.isdigit()}
        assert any("initdb" in line for line in seen)
        assert not any(password in line for line in seen)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            query(url.replace(password, "wrong"), "SELECT 1")


@pytest.mark.skipif(
    os.geteuid() != 0,
    reason="Postgres refuses root, who therefore takes another user; others do not",
)
def test_root_leaves_the_folders_above_alone(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    before = [(path.stat().st_uid, path.stat().st_mode) for path in (folder, *folder.parents)]
    with EmbeddedPostgres(folder, durable=False) as url:
        assert query(url, "SELECT 1") == 1
        owner = (folder / "pgdata").stat().st_uid
        assert pwd.getpwuid(owner).pw_name == "nobody"
        # It needs none to get at its own files below a folder that is closed to it.
        outside = [path for path in embedded.binaries().parents if not path.stat().st_mode & 0o001]
        may = Path(f"/proc/{only(servers(folder))}/status").read_text().partition("CapEff:\t")[2]
        assert bool(int(may.partition("\n")[0], 16)) == bool(outside)
    after = [(path.stat().st_uid, path.stat().st_mode) for path in (folder, *folder.parents)]
    assert after == before
