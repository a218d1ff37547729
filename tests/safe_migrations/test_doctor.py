"""The doctor: finds what is wrong around a database, and names the command that mends it."""

import re
from dataclasses import replace

import psycopg2
import pytest

from safe_migrations.doctor import State, examine
from safe_migrations.doctor import server as server_checks
from safe_migrations.errors import ExitCode
from service.schema import project
from service.settings import Settings


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def diagnose(url):
    """Examine a database with the schema at head; arguments replace the settings."""

    def diagnose(**settings):
        text = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return examine(project(replace(Settings(database_url=text), **settings)))

    return diagnose


def _text(url):
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_sound_database_has_nothing_to_complain_of(diagnose):
    found = diagnose()
    wrong = {name: item.said for name, item in found.findings.items() if item.state != State.OK}
    assert wrong == {}
    assert found.exit_code == ExitCode.OK


def test_without_database_url_in_production(tmp_path):
    found = examine(project(Settings(app_env="production", instance_dir=tmp_path)))
    item = found.findings["url"]
    assert item.state == State.ERROR
    assert item.said.startswith("DATABASE_URL environment variable is not set")
    assert ".env" in str(item.mend)
    assert found.findings["connection"].state == State.SKIPPED
    assert found.findings["heads"].state == State.OK
    assert found.exit_code == ExitCode.ERROR


def test_in_development_the_embedded_server_is_used(tmp_path):
    found = examine(project(Settings(instance_dir=tmp_path / "instance")))
    assert "embedded server" in found.findings["url"].said
    assert found.exit_code == ExitCode.BEHIND


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "no-such-host.invalid"}, "host of DATABASE_URL is unknown"),
        ({"port": 1}, "refuses connections"),
        ({"password": "wrong"}, "refuses the user name or password"),
        ({"database": "nowhere"}, "does not exist"),
        ({"query": {"sslmode": "require"}}, "asks for TLS"),
    ],
)
def test_could_not_connect_is_told_by_its_cause(url, diagnose, wrong, said):
    found = diagnose(database_url=_text(url.set(**wrong)))
    item = found.findings["connection"]
    assert item.state == State.ERROR
    assert item.said.startswith("Could not connect to postgresql://postgres:***@")
    assert said in item.said
    assert item.mend
    assert found.findings["revision"].state == State.SKIPPED
    assert found.exit_code == ExitCode.ERROR


def test_a_password_that_is_not_encoded_is_told(url, diagnose):
    raw = _text(url).replace(f":{url.password}@", ":p@ss@")
    item = diagnose(database_url=raw).findings["url"]
    assert (item.state, "not URL-encoded" in item.said) == (State.WARNING, True)
    assert "p@ss" not in item.said + item.mend


def test_a_neon_url_without_sslmode_is_told(diagnose):
    # Nobody answers at this address; what is set can be judged all the same.
    neon = "postgresql://me:s3cret@ep-x.invalid.aws.neon.tech/trips"
    assert "sslmode=require" in diagnose(database_url=neon).findings["tls"].mend
    plain = diagnose(database_url=neon + "?sslmode=disable").findings["tls"]
    assert plain.state == State.WARNING
    assert diagnose(database_url=neon + "?sslmode=require").findings["tls"].state == State.OK


def test_two_urls_must_lead_to_one_database(url, make_database, diagnose):
    assert diagnose(direct_database_url=_text(url)).findings["direct-url"].state == State.OK
    found = diagnose(direct_database_url=_text(make_database()))
    assert "another database than DATABASE_URL" in found.findings["direct-url"].said
    assert found.exit_code == ExitCode.ERROR


def test_a_database_behind_is_told_with_what_is_pending(diagnose, execute, url):
    execute(
        url, "DELETE FROM alembic_version", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"
    )
    found = diagnose()
    assert "pending" in found.findings["revision"].said
    assert "flask db upgrade" in found.findings["revision"].mend
    assert found.exit_code == ExitCode.BEHIND


def test_tables_that_no_revision_made(diagnose, execute, url):
    execute(url, "DROP TABLE alembic_version")
    item = diagnose().findings["revision"]
    assert "no table alembic_version" in item.said
    assert "flask db stamp head" in str(item.mend)


def test_a_revision_that_the_code_does_not_have(diagnose, execute, url):
    execute(url, "UPDATE alembic_version SET version_num = 'fromnewer'")
    found = diagnose()
    assert "fromnewer, which these files don't have" in found.findings["revision"].said
    assert found.exit_code == ExitCode.ERROR


def test_several_heads_are_told_with_both_ways_out(migrations):
    first = migrations.write("aaaa", "pass")
    migrations.write("bbbb", "pass", after=first, title="Add b")
    migrations.write("cccc", "pass", after=first, title="Add c")
    settings = Settings(database_url=_text(migrations.url))
    found = examine(project(settings).at(migrations.folder))
    item = found.findings["heads"]
    assert "several heads: bbbb (Add b) and cccc (Add c)" in item.said
    assert "flask db rebase" in str(item.mend)
    assert "flask db merge heads" in str(item.mend)
    assert found.exit_code == ExitCode.SEVERAL_HEADS


def test_several_rows_of_which_one_follows_the_other(migrations, execute):
    migrations.write("aaaa", "pass")
    migrations.write("bbbb", "pass")
    migrations.run("upgrade", "head")
    execute(migrations.url, "INSERT INTO alembic_version VALUES ('aaaa')")
    settings = Settings(database_url=_text(migrations.url))
    item = examine(project(settings).at(migrations.folder)).findings["revision"]
    assert "several rows" in item.said
    assert item.mend == "flask db stamp --purge bbbb"


def test_what_failed_schema_changes_left(diagnose, execute, url):
    execute(
        url,
        "CREATE TABLE odd (id int, at timestamp)",
        "INSERT INTO odd VALUES (1), (1)",
        "ALTER TABLE odd ADD CONSTRAINT ck_odd CHECK (id > 1) NOT VALID",
        "CREATE TABLE backfills (name text, finished_at timestamptz)",
        "INSERT INTO backfills VALUES ('names', NULL), ('done', now())",
    )
    with pytest.raises(psycopg2.errors.UniqueViolation):
        execute(url, "CREATE UNIQUE INDEX CONCURRENTLY uq_odd ON odd (id)")
    found = diagnose().findings
    assert "DROP INDEX CONCURRENTLY uq_odd;" in found["invalid-indexes"].mend
    assert "rows break ck_odd on odd" in found["constraints"].said
    assert "SELECT * FROM odd AS t WHERE NOT ((id > 1));" in found["constraints"].mend
    assert "VALIDATE" not in found["constraints"].mend
    execute(url, "UPDATE odd SET id = 2")
    assert diagnose().findings["constraints"].mend == (
        'ALTER TABLE odd VALIDATE CONSTRAINT "ck_odd";'
    )
    assert "odd.at: timestamp without time zone" in found["time-zone"].said
    assert found["backfills"].mend == "flask db backfill resume names"


def test_rows_that_break_what_is_not_valid_are_found(diagnose, execute, url):
    execute(
        url,
        "CREATE TABLE trips (id int PRIMARY KEY, host int, name text)",
        "INSERT INTO trips VALUES (1, 7, NULL)",
        "ALTER TABLE trips ADD CONSTRAINT fk_host FOREIGN KEY (host) REFERENCES trips NOT VALID",
        "ALTER TABLE trips ADD CONSTRAINT trips_name_not_null NOT NULL name NOT VALID",
    )
    mend = diagnose().findings["constraints"].mend
    (shown,) = re.findall("SELECT .*;", mend)
    with psycopg2.connect(_text(url)) as connection, connection.cursor() as cursor:
        cursor.execute(shown)
        assert cursor.fetchall() == [(1, 7, None)]
    assert "UPDATE trips SET name = ... WHERE name IS NULL;" in mend
    assert "VALIDATE" not in mend
    execute(url, "UPDATE trips SET host = 1, name = 'Seoul'")
    assert "VALIDATE" in diagnose().findings["constraints"].mend


def test_a_session_idle_in_a_transaction_is_named(diagnose, url, monkeypatch):
    monkeypatch.setattr(server_checks, "LONG_S", 0)
    holder = psycopg2.connect(_text(url), application_name="forgetful")
    holder.cursor().execute("LOCK TABLE users IN ACCESS SHARE MODE")
    pid = holder.info.backend_pid
    item = diagnose().findings["idle-sessions"]
    holder.close()
    assert item.state == State.ERROR
    assert f"pid {pid} (postgres, forgetful)" in item.said
    assert "on users" in item.said
    assert item.mend == f"SELECT pg_terminate_backend({pid});"


def test_a_role_that_may_not_change_the_schema(url, diagnose, execute):
    execute(url, "DROP ROLE IF EXISTS reader_only", "CREATE ROLE reader_only LOGIN PASSWORD 'x'")
    try:
        text = _text(url.set(username="reader_only", password="x"))  # noqa: S106  its own, for a moment
        found = diagnose(database_url=text)
        assert (
            "reader_only may not look at that: permission denied" in found.findings["revision"].said
        )
        assert "GRANT SELECT ON ALL TABLES" in str(found.findings["revision"].mend)
        assert found.exit_code == ExitCode.ERROR
        execute(url, "GRANT SELECT ON alembic_version TO reader_only")
        item = diagnose(database_url=text).findings["privileges"]
        assert 'GRANT CREATE ON SCHEMA public TO "reader_only";' in str(item.mend)
        execute(url, "GRANT CREATE ON SCHEMA public TO reader_only")
        item = diagnose(database_url=text).findings["privileges"]
        assert "does not own" in item.said
    finally:
        execute(url, "DROP OWNED BY reader_only", "DROP ROLE reader_only")


def test_a_time_zone_is_harmless_when_all_times_have_one(url, diagnose, execute):
    execute(url, f"ALTER DATABASE {url.database} SET timezone = 'Asia/Seoul'")
    item = diagnose().findings["time-zone"]
    assert item.state == State.OK
    assert "Asia/Seoul, which is harmless" in item.said


def test_what_was_moved_aside_is_not_looked_at(url, diagnose, execute):
    execute(
        url,
        "CREATE SCHEMA predecessor",
        "CREATE TABLE predecessor.users (id smallserial, at timestamp)",
        "SELECT setval('predecessor.users_id_seq', 32000)",
        "ALTER TABLE predecessor.users ADD CONSTRAINT ck_id CHECK (id > 1) NOT VALID",
    )
    found = diagnose().findings
    looked_at = ("time-zone", "sequences", "constraints", "invalid-indexes")
    assert {name: found[name].state for name in looked_at} == dict.fromkeys(looked_at, State.OK)


def test_a_sequence_that_runs_out(url, diagnose, execute):
    execute(url, "CREATE SEQUENCE small AS smallint", "SELECT setval('small', 30000)")
    assert "public.small (92% used)" in diagnose().findings["sequences"].said


def test_clocks_that_disagree(diagnose, monkeypatch):
    monkeypatch.setattr(server_checks, "CLOCK_TOLERANCE_S", -1)
    assert "clock is" in diagnose().findings["clock"].said


def test_what_differs_from_the_models_and_what_cant_be_compared(url, diagnose, execute):
    execute(
        url,
        "CREATE VIEW names AS SELECT username FROM users",
        "CREATE SCHEMA legacy",
        "CREATE TABLE legacy.bills (id int)",
    )
    item = diagnose().findings["models"]
    assert item.state == State.OK
    assert item.said == (
        "The database is as the models want it. Beyond what models describe, and not compared: "
        "schema legacy, view names."
    )
    execute(url, "ALTER TABLE users ADD COLUMN shoe_size integer")
    item = diagnose().findings["models"]
    assert item.state == State.WARNING
    assert item.said.startswith("The models and the database differ in users.")
    assert "flask db check" in str(item.mend)
    execute(url, "UPDATE alembic_version SET version_num = 'unknown'")
    assert diagnose().findings["models"].state == State.SKIPPED
