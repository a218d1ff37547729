"""`flask db adopt`: the predecessor's tables are taken over where they stand, or left."""

import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine

from plain_commands.errors import PlainError
from safe_migrations.errors import ExitCode
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.revisions import heads
from safe_migrations.runner import run
from service.cli.adopt_prototype import TakingOver
from service.schema import project
from service.settings import ROOT, Settings
from service.sqlite_import.trip_tables import LOCK
from tests.neon_api import KEY, PROJECT, FakeNeon
from tests.pooler import Pooler, needs_pooler
from tests.service.sqlite_import.old_database import COUNTS, TABLES, OldDatabase, written


@pytest.fixture
def make_old(server, execute):
    """Make databases with the predecessor's tables of a revision."""
    names = []

    def make(revision="r3", *more, rows=True):
        names.append(f"old_{uuid4().hex[:12]}")
        execute(server, f"CREATE DATABASE {names[-1]} STRATEGY file_copy")
        database = OldDatabase(server.set(database=names[-1]))
        database.execute(written(revision, rows=rows), *more)
        return database

    yield make
    for name in names:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def old(make_old):
    return make_old()


@pytest.mark.parametrize("revision", ["r1", "r2", "r3"])
def test_every_revision_is_taken_over(make_old, revision):
    old = make_old(revision)
    told = old.report()
    assert (told["state"], told["revision"]) == ("adopted", revision)
    tables = [told["tables"][table] for table in TABLES]
    assert [table["read"] for table in tables] == [table["written"] for table in tables] == COUNTS
    assert old.is_adopted
    assert old.execute("SELECT version_num FROM alembic_version") == [
        (heads(project().versions)[0],)
    ]
    # Nothing was copied: sequences and indexes are where their tables are.
    names = "SELECT relname FROM pg_class WHERE relnamespace = 'predecessor'::regnamespace"
    assert {("users_id_seq",), ("ix_users_username",)} <= set(old.execute(names))


def test_dry_run_reports_the_same_and_leaves_all_as_it_was(old):
    before = old.fingerprint
    dry = old.report("--dry-run")
    assert old.fingerprint == before
    assert old.is_old
    wet = old.report()
    assert (dry.pop("state"), wet.pop("state")) == ("would_be_adopted", "adopted")
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    dry["plan"].pop("sessions")
    wet["plan"].pop("sessions")
    assert dry == wet


def test_second_time_there_is_nothing_to_do(old):
    first = old.adopt()
    assert first.exit_code == 0, first.output
    before = old.fingerprint
    second = old.adopt()
    assert second.exit_code == 0
    assert second.stdout.startswith("Nothing to do: adopted on 20")
    assert "2 of users, 2 of workflows, 4 of nodes, 1 of generations" in second.stdout
    assert old.fingerprint == before


def test_killed_anywhere_it_is_the_old_database_or_the_adopted_one(server, root):
    program = Path(__file__).with_name("kill_adoption.py")
    done = subprocess.run(
        [sys.executable, str(program), server.render_as_string(hide_password=False)],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 10
    assert {status for status, _, _ in outcomes} == {signal.SIGKILL}
    assert [between for _, between, _ in outcomes] == ["old"] * (len(outcomes) - 1) + ["adopted"]
    assert {is_adopted for _, _, is_adopted in outcomes} == {True}


def taking_over(old, say=lambda _: None, **settings):
    chosen = Settings(database_url=old.text, **settings)
    return TakingOver(old.url, chosen, project(chosen), dry_run=False, say=say)


def test_two_at_once(old):
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(taking_over(old).run) for _ in range(2)]
    states = sorted(run.result().document["state"] for run in runs)
    assert states == ["adopted", "already_adopted"]
    assert old.is_adopted


def test_server_ends_the_connection_half_way(old):
    """It waits, with the tables moved and the schema made, for somebody's import."""
    with closing(old.connect()) as other, ThreadPoolExecutor(1) as threads:
        other.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        run = threads.submit(taking_over(old).run)
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory' "
            "AND datname = current_database()"
        )
        while not old.execute(end):
            assert not run.done(), run.result()
            time.sleep(0.02)
        with pytest.raises(PlainError) as raised:
            run.result()
    assert "Either all of it is done or nothing: run the command again" in raised.value.detail
    assert old.is_old
    assert old.adopt().exit_code == 0
    assert old.is_adopted


def test_another_deploy_is_at_work(old):
    with DeployLock(create_engine(old.url), wait_s=0, say=print) as lock:
        lock.acquire()
        result = old.adopt(SCHEMA_DEPLOY_WAIT_S="0")
    assert result.exit_code == ExitCode.LOCKED
    assert "Another deploy is changing this schema" in result.stderr
    assert old.is_old


def test_planner_that_holds_its_locks_is_named(old):
    with closing(old.connect()) as planner:
        planner.cursor().execute("SET application_name = 'planner'; SELECT * FROM workflows")
        result = old.adopt(SCHEMA_RETRY_S="1", SCHEMA_LOCK_TIMEOUT_MS="50")
        pid = planner.info.backend_pid
    assert result.exit_code == ExitCode.LOCKED
    assert f"the tables are in use by pid {pid} (" in result.stderr
    assert "planner, idle in transaction). Gave up after 1 s; nothing was" in result.stderr
    assert f"  pid {pid} (" in result.stdout
    assert old.is_old


def test_it_is_tried_again_when_a_lock_is_not_to_be_had(old):
    with closing(old.connect()) as planner:
        planner.cursor().execute("SELECT * FROM workflows")
        said = []

        def say(sentence):
            said.append(sentence)
            planner.rollback()

        taking_over(old, say, schema_lock_timeout_ms=50).run()
    assert len(said) == 1
    assert said[0].endswith("Trying again in 0.5 s ...")
    assert old.is_adopted


def test_limits_of_the_role_are_for_requests(old):
    name = old.url.database
    old.execute(f"ALTER DATABASE {name} SET statement_timeout = 300")
    with closing(old.connect()) as planner, ThreadPoolExecutor(1) as threads:
        planner.cursor().execute("SELECT * FROM workflows")
        run = threads.submit(taking_over(old, schema_lock_timeout_ms=60_000).run)
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND clock_timestamp() - query_start > '400ms' AND datname = current_database()"
        )
        while not old.execute(waiting):
            assert not run.done(), run.result()
            time.sleep(0.02)
        planner.rollback()
        run.result()
    assert old.is_adopted


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE generations, nodes, workflows", "public.users looks like the prototype's"),
        ("DROP TABLE generations", "the table generations is missing; nothing was changed"),
        ("ALTER TABLE nodes RENAME node_name TO step", "the column nodes.node_name is missing"),
        (
            "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people",
            "public.users is a view, and only tables can be moved aside",
        ),
        ("CREATE SCHEMA predecessor", "ALTER SCHEMA predecessor RENAME TO predecessor_of_others"),
        (
            "CREATE TABLE node_states (); CREATE TABLE model_prices (id int)",
            "The service needs the names public.model_prices and public.node_states, which are",
        ),
        ("CREATE SEQUENCE idempotency_keys", "(ALTER SEQUENCE public.idempotency_keys RENAME TO"),
        ("CREATE TYPE node_states AS ENUM ()", "(ALTER TYPE public.node_states RENAME TO"),
        ("CREATE INDEX pk_users ON others (id)", "the name public.pk_users, which is somebody"),
        ("DROP TABLE generations, nodes, workflows, users", "There is nothing to adopt: the"),
    ],
)
def test_what_can_not_be_adopted_is_left_as_it_is(make_old, statement, said):
    old = make_old("r3", "CREATE TABLE others (id int)", statement)
    before = old.fingerprint
    for options in ((), ("--dry-run",)):
        result = old.adopt(*options)
        assert result.exit_code == ExitCode.ERROR
        assert said in result.stderr
        assert old.fingerprint == before


@pytest.fixture
def role(server, execute):
    """A role that may do nothing in particular."""
    name = f"role_{uuid4().hex[:8]}"
    execute(server, f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    yield name
    execute(server, f"DROP ROLE {name}")


def test_role_without_the_rights_is_told_the_grants(old, role):
    database = old.url.database
    url = old.url.set(username=role, password="secret")  # noqa: S106  of the role above
    weak = OldDatabase(url)
    result = weak.adopt()
    assert result.exit_code == ExitCode.ERROR
    assert "secret" not in result.output
    assert "The tables generations, nodes, users and workflows belong to" in result.stderr
    assert ". And it may not create a schema" in result.stderr
    grants = re.findall(r"(?:ALTER TABLE|GRANT) .+?(?=[;:.] |[;.]?$)", result.stderr.strip())
    assert [grant.replace(role, "me").replace(database, "it") for grant in grants] == [
        *(f"ALTER TABLE {table} OWNER TO me" for table in ("generations", "nodes", "users")),
        "ALTER TABLE workflows OWNER TO me",
        "GRANT CREATE ON DATABASE it TO me",
        "GRANT CREATE ON SCHEMA public TO me",
    ]
    assert old.is_old
    old.execute(*grants)
    result = weak.adopt()
    assert result.exit_code == 0, result.output
    assert old.is_adopted
    old.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP OWNED BY {role}")


def test_encoding_that_somebody_chose_for_the_database_loses_no_character(make_old):
    old = make_old("r3")
    old.execute(f"ALTER DATABASE {old.url.database} SET client_encoding = latin1")
    result = old.adopt()
    assert result.exit_code == 0, result.output
    old.execute(f"ALTER DATABASE {old.url.database} RESET client_encoding")
    assert old.is_adopted
    assert old.value("SELECT user_input FROM workflows WHERE status = 'completed'") == "홍대"
    assert old.adopt("--undo").exit_code == 0


def test_database_closed_to_writes_is_told_with_the_way_out(make_old):
    old = make_old("r3")
    old.execute(f"ALTER DATABASE {old.url.database} SET default_transaction_read_only = on")
    before = old.fingerprint
    result = old.adopt()
    assert result.exit_code == ExitCode.ERROR
    assert "`ALTER DATABASE ... RESET default_transaction_read_only` opens it" in result.stderr
    assert old.fingerprint == before


def test_what_stands_around_is_told_and_stays(make_old):
    old = make_old(
        "r3",
        "CREATE TABLE others ()",
        "CREATE TABLE bookings (id int, user_id int CONSTRAINT of_user REFERENCES users (id))",
        "CREATE VIEW recent AS SELECT * FROM workflows",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER noted BEFORE INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE users ADD colour text; UPDATE users SET colour = 'red'",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('abc123')",
        "INSERT INTO bookings VALUES (1, 2)",
        "CREATE PUBLICATION a_few FOR TABLE users, others",
        "CREATE PUBLICATION everything FOR ALL TABLES",
    )
    result = old.adopt()
    assert result.exit_code == 0, result.output
    for said in (
        "\n  foreign key of_user of bookings refers to users\n",
        "\n  view recent reads workflows\n",
        "\n  trigger noted of nodes calls noted\n",
        "\n  publication a_few publishes users\n",
        "workflows, and will publish the new tables as well\n",
        "\n  users.colour\n",
        "Stays as it is beside them:\n  bookings\n  others\n  recent\n",
        "it holds abc123, which is not the prototype's",
    ):
        assert said in result.stdout
    assert old.is_adopted
    assert old.value("SELECT count(*) FROM recent") == 2
    assert old.value("SELECT colour FROM predecessor.users LIMIT 1") == "red"
    assert (
        old.value("SELECT confrelid::regclass::text FROM pg_constraint WHERE conname = 'of_user'")
        == "predecessor.users"
    )
    assert old.value("SELECT version_num FROM predecessor.alembic_version") == "abc123"


def test_stamped_as_if_it_were_the_service_s_own(old):
    run(project(), "stamp", "head", x=(f"url={old.text}",), quiet=True, attributes={"force": True})
    told = old.report()
    assert told["plan"]["pending"]
    assert old.is_adopted
    revisions = list((ROOT / "migrations" / "versions").glob("*.py"))
    assert old.value("SELECT count(*) FROM schema_history") == len(revisions)


def test_rows_that_can_not_be_are_refused_one_by_one(make_old):
    old = make_old("r3", "UPDATE nodes SET status = 'exploded' WHERE node_name = 'search'")
    told = old.report()
    nodes = told["tables"]["nodes"]
    assert (nodes["read"], nodes["written"], nodes["refused"]) == (4, 3, 1)
    assert old.counts("predecessor") == COUNTS


def test_empty_tables(make_old):
    old = make_old("r1", rows=False)
    assert old.report()["state"] == "adopted"
    assert old.counts("public") == [0, 0, 0, 0]
    assert old.adopt().stdout.startswith("Nothing to do")


def test_tables_in_another_schema(make_old):
    moves = [f"ALTER TABLE {table} SET SCHEMA planner" for table in TABLES]
    old = make_old("r3", "CREATE SCHEMA planner", *moves)
    told = old.report()
    assert told["plan"]["schema"] == "planner"
    assert old.is_adopted
    moved = "planner.users,planner.workflows,planner.nodes,planner.generations"
    assert old.value("SELECT array_to_string(moved, ',') FROM predecessor.adoption") == moved


def test_tables_in_another_schema_than_somebody_s_of_these_names(make_old):
    moves = [f"ALTER TABLE {table} SET SCHEMA planner" for table in TABLES]
    old = make_old("r3", "CREATE SCHEMA planner", *moves, "CREATE TABLE nodes (of text)")
    before = old.fingerprint
    result = old.adopt()
    assert "The service needs the name public.nodes, which is somebody else's" in result.stderr
    assert old.fingerprint == before


def test_tables_beside_the_service_s_own(make_database):
    old = OldDatabase(make_database())
    old.execute("CREATE SCHEMA planner", "SET search_path = planner; " + written("r2"))
    told = old.report()
    assert (told["plan"]["pending"], told["plan"]["schema"]) == ([], "planner")
    assert old.is_adopted


def test_search_path_decides_which_tables_and_where_new_ones_go(make_old):
    old = make_old("r3", "CREATE SCHEMA planner", "CREATE SCHEMA first")
    old.execute("SET search_path = planner; " + written("r1", rows=False))
    old.execute(f"ALTER DATABASE {old.url.database} SET search_path = first, public, planner")
    result = old.adopt()
    assert result.exit_code == 0, result.output
    assert "into the new tables, in the schema first\n" in result.stdout
    assert old.counts("first") == old.counts("predecessor") == COUNTS
    assert old.counts("planner") == [0, 0, 0, 0]


def test_rehearsal_is_done_on_a_copy_that_goes(old):
    before = old.fingerprint
    result = old.adopt("--rehearse", "--local", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["state"], told["tables"]["nodes"]["written"]) == ("adopted", 4)
    assert told["rehearsal"]["duration_s"] > 0
    assert old.fingerprint == before
    # By its name: other tests rehearse on the same server.
    (copy,) = re.findall(r"\brehearsal_\w+", told["rehearsal"]["copy"])
    assert old.value(f"SELECT count(*) FROM pg_database WHERE datname = '{copy}'") == 0
    text = old.adopt("--rehearse", "--local").stdout
    assert "The copy is dropped." in text
    assert old.is_old


def test_rehearsal_on_a_branch_of_neon(server, execute, old, monkeypatch):
    def provide(branch):
        name = branch.replace("-", "_")
        execute(server, f"CREATE DATABASE {name} TEMPLATE {old.url.database}")
        copy = old.url.set(drivername="postgresql", database=name)
        return copy.render_as_string(hide_password=False)

    def discard(branch):
        execute(server, f"DROP DATABASE {branch.replace('-', '_')} WITH (FORCE)")

    before = old.fingerprint
    with FakeNeon(provide, discard) as neon:
        neon.polls_until_done = 0
        neon.hold(old.url.render_as_string(hide_password=False))
        for name, value in (
            ("NEON_API_KEY", KEY),
            ("NEON_PROJECT_ID", PROJECT),
            ("NEON_API_URL", neon.url),
        ):
            monkeypatch.setenv(name, value)
        told = old.report("--rehearse")
        assert told["rehearsal"]["copy"].startswith("branch rehearsal_")
        assert neon.made() == []
    assert [table["written"] for table in told["tables"].values()] == [*COUNTS, 0]
    assert old.fingerprint == before


@needs_pooler
def test_through_a_pooler_that_nobody_can_lead_past(server, old, tmp_path):
    with Pooler(server, tmp_path / "pooler.log") as pooler:
        pooled = OldDatabase(pooler.url(old.url.database))
        assert pooled.report("--dry-run")["state"] == "would_be_adopted"
        assert old.is_old
        assert pooled.report()["state"] == "adopted"
    assert old.is_adopted
