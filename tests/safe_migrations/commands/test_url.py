"""`flask db url`: what psql needs, and no password unless it is asked for."""

import json
import os
import subprocess
import sys
import time
from contextlib import closing

import psycopg2
import pytest
from click.testing import CliRunner

from serverless_postgres.embedded import url_of
from serverless_postgres.embedded_visitor import NAME
from service.cli.groups import db

POOLED = "postgres://trips:p%40ss@ep-a-1-pooler.eu-central-1.aws.neon.tech/trips"
DIRECT = "postgresql://trips:p%40ss@ep-a-1.eu-central-1.aws.neon.tech/trips?sslmode=require"


@pytest.fixture
def run(monkeypatch):
    def run(*arguments, **environment):
        given = {"DATABASE_URL": "", "DIRECT_DATABASE_URL": "", **environment}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(
            db, [*arguments, "url"] if "-x" in arguments else ["url", *arguments]
        )

    return run


def test_it_leads_to_the_database_as_libpq_takes_it(run, make_database):
    url = make_database().set(drivername="postgresql+psycopg2")
    text = url.render_as_string(hide_password=False)
    done = run("--show-password", DATABASE_URL=text)
    with closing(psycopg2.connect(done.stdout.strip())) as connection:
        assert connection.info.dbname == url.database


def test_it_is_the_direct_one_with_tls_and_hides_its_password(run):
    assert run("--show-password", DATABASE_URL=POOLED).stdout.strip() == DIRECT
    hidden = run("--json", DATABASE_URL=POOLED)
    assert json.loads(hidden.stdout) == {
        "url": DIRECT.replace("p%40ss", "***"),
        "source": "DATABASE_URL",
    }
    named = run("--json", DATABASE_URL="postgresql://a/b", DIRECT_DATABASE_URL="postgresql://c/d")
    assert json.loads(named.stdout) == {
        "url": "postgresql://c/d",
        "source": "DIRECT_DATABASE_URL",
    }


def test_another_database_can_be_named(run):
    done = run("-x", "url=postgres://me:s3cret@h/d", DATABASE_URL="postgresql://a/b")
    assert done.stdout == "postgresql://me:***@h/d\n"


def test_what_is_no_url_is_told_without_it(run):
    for environment in ({"DATABASE_URL": "mysql://me:s3cret@h/d"}, {"APP_ENV": "production"}):
        done = run(**environment)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "DATABASE_URL" in done.stderr
        assert "s3cret" not in done.output


def test_the_embedded_server_is_there_when_the_command_has_ended(tmp_path, root):
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "db", "url", "--show-password"],
        cwd=root,
        env={
            **os.environ,
            "INSTANCE_DIR": str(tmp_path),
            "DATABASE_URL": "",
            "DIRECT_DATABASE_URL": "",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    url = done.stdout.strip()
    with closing(psycopg2.connect(url)) as connection:
        assert connection.info.dbname == "trip_planner"
    # Its user for a minute, without whom it ends.
    other = url_of(tmp_path / "postgres", database="postgres")
    with closing(psycopg2.connect(other)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = %s",
            (NAME,),
        )
        assert cursor.fetchone() == (1,)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the server goes on")
