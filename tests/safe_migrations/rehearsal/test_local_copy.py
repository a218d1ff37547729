"""Copies on the same server: beside a running service, and gone whatever happens."""

import signal
from contextlib import closing

import psycopg2
import pytest

from plain_commands.errors import ConfigurationError
from safe_migrations.rehearsal import local_copy
from safe_migrations.rehearsal.copies import open_copy
from service.settings import Settings


@pytest.fixture
def somebody(things):
    """A connection of another program to the database."""
    text = things.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(text, application_name="trip-planner")) as connection:
        yield connection


def test_the_database_itself_stays_as_it_is_and_the_copy_goes(one, rehearse, is_there, query):
    found = rehearse()
    assert found.copy.startswith("copy rehearsal_")
    assert not is_there(found.copy)
    assert query("SELECT version_num FROM alembic_version", one.url) == [("made",)]
    assert query("SELECT to_regclass('one')", one.url) == [(None,)]


@pytest.mark.usefixtures("one")
def test_it_works_beside_a_running_service(rehearse, is_there, somebody):
    found = rehearse()
    assert (found.outcome, found.upgrade.failure) == ("ok", None)
    assert not is_there(found.copy)
    with somebody.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM things")
        assert cursor.fetchone() == (100_000,)


def test_a_copy_by_dump_holds_the_rows(one, somebody, query):
    assert not somebody.closed
    with open_copy(one.url, Settings(), place=None, keep=False, tell=print) as copy:
        assert query("SELECT count(*), sum(size) FROM things", copy.url) == [(100_000, 5000050000)]


@pytest.mark.usefixtures("one")
def test_without_pg_dump_it_says_who_is_in_the_way(rehearse, somebody, monkeypatch, tmp_path):
    def no_binaries():
        message = "none"
        raise ConfigurationError(message)

    monkeypatch.setattr(local_copy, "binaries", no_binaries)
    monkeypatch.setenv("PATH", str(tmp_path))
    pid = somebody.info.backend_pid
    with pytest.raises(ConfigurationError, match=rf"in use by trip-planner \(pid {pid}\)"):
        rehearse()


def test_a_kept_copy_stays_and_its_address_hides_the_password(
    one, rehearse, is_there, query, execute
):
    found = rehearse(keep=True)
    name = found.copy.split()[-1]
    assert is_there(name)
    assert f"/{name}" in found.kept
    assert one.url.password is None or one.url.password not in found.kept
    assert rehearse().outcome == "ok"
    assert query("SELECT to_regclass('one')::text", one.url.set(database=name)) == [("one",)]
    assert f"`DROP DATABASE {name}`" in found.kept
    execute(one.url, f"DROP DATABASE {name}")


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once_and_the_copy_goes(sleeping, start_rehearsal, is_there, number):
    process = start_rehearsal()
    name = sleeping()
    assert is_there(name)
    process.send_signal(number)
    output, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert output == ""
    said = [line for line in errors.splitlines() if line and not line.endswith(" ...")]
    assert said in ([], ["Aborted!"])
    assert not is_there(name)


def test_what_a_killed_rehearsal_left_is_dropped_by_the_next_one(
    things, killed, is_there, rehearse
):
    assert is_there(killed)
    things.write("one", 'op.execute("CREATE TABLE one ()")')
    assert rehearse().upgrade.failure is None
    assert not is_there(killed)


@pytest.mark.usefixtures("things")
def test_a_rehearsal_that_is_running_is_left_alone(sleeping, start_rehearsal, is_there, one):
    process = start_rehearsal()
    name = sleeping()
    with open_copy(one.url, Settings(), place=None, keep=False, tell=print):
        assert is_there(name)
    assert is_there(name)
    process.terminate()
    process.wait(timeout=20)


def test_a_database_on_neon_is_never_copied_on_its_server(one):
    url = one.url.set(host="ep-a-b-123.eu-central-1.aws.neon.tech")
    for place in (None, "local"):
        with pytest.raises(ConfigurationError, match="set NEON_API_KEY and NEON_PROJECT_ID"):
            open_copy(url, Settings(), place=place, keep=False, tell=print)


def test_another_server_is_only_used_when_that_is_said(one):
    with pytest.raises(ConfigurationError, match="say --local"):
        open_copy(one.url.set(host="db"), Settings(), place=None, keep=False, tell=print)


def test_a_role_that_may_not_make_databases_is_told_what_it_wants(one, execute):
    role = f"reader_{one.url.database}"
    execute(one.url, f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        url = one.url.set(username=role, password="x")  # noqa: S106  made here
        with (
            pytest.raises(ConfigurationError, match=f"ALTER ROLE {role} CREATEDB"),
            open_copy(url, Settings(), place=None, keep=False, tell=print),
        ):
            pass
    finally:
        execute(one.url, f"DROP ROLE {role}")
