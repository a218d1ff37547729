"""A program that is nobody's we know, with nothing but this library."""

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from serverless_postgres import Database, Mark, PostgresSettings, examine, neon_group
from tests.neon_api import KEY, PROJECT, FakeNeon


class Settings(PostgresSettings):
    application = "lending-library"


@pytest.fixture
def url(empty_database: URL) -> str:
    plain = empty_database.set(drivername="postgres")
    return plain.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("kind", "name"), [(PostgresSettings, "app"), (Settings, "lending-library")]
)
def test_postgres_shows_the_name_of_the_program(url, kind, name):
    database = Database(kind(database_url=url))
    with database.transaction() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar_one() == name
    database.dispose()


def test_postgres_knows_whose_a_statement_is(url):
    ours, others = Mark("lending-library"), Mark("shop")
    database = Database(Settings(database_url=url))
    with database.transaction() as connection:
        question = f"SELECT {ours.is_ours}, {others.is_ours}"
        assert connection.exec_driver_sql(question).one() == (False, False)
        assert connection.exec_driver_sql(ours.comment + question).one() == (True, False)
        connection.exec_driver_sql(others.set_local)
        assert connection.exec_driver_sql(question).one() == (False, True)
    database.dispose()


def test_statistics_leave_out_what_is_put_aside(url):
    database = Database(Settings(database_url=url))
    with database.transaction() as connection:
        for schema in ("public", "attic", "cellar"):
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.exec_driver_sql(f"CREATE TABLE {schema}.loans (id int PRIMARY KEY)")
    with database.primary.engine.connect() as connection:
        found = examine(connection, database.settings, aside=("attic",), sections=("tables",))
    largest = found.as_json()["sections"]["tables"]["largest"]
    assert {item["name"] for item in largest} == {"loans", "cellar.loans"}
    assert found.url.startswith("postgresql://postgres:***@")
    database.dispose()


def test_commands_on_neon_in_any_group_of_clicks(tmp_path):
    @click.group
    def library() -> None:
        """Lend books."""

    file = tmp_path / "library.env"
    with FakeNeon() as neon:
        neon.polls_until_done = 0
        settings = Settings(neon_api_key=KEY, neon_project_id=PROJECT, neon_api_url=neon.url)
        library.add_command(neon_group(lambda: settings, env_file=file))
        done = CliRunner().invoke(library, ["neon", "url", "--write-env"])
    assert done.exit_code == 0, done.output
    assert file.read_text().startswith("DATABASE_URL=postgresql://")
    assert f"DATABASE_URL in {file} is now postgresql://" in done.stdout
