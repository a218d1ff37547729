"""What strangers get wrong around `Migrate` is told in a sentence with the way out."""

import pytest

APP = """
from flask import Flask
from sqlmodel import Field, SQLModel

from safe_migrations import Migrate


class User(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)


app = Flask(__name__)
Migrate(app, metadata=SQLModel.metadata)
"""
RUNS = "let it end with `from safe_migrations import run` and `run(context"


@pytest.fixture
def project(tmp_path, flask_db):
    """A folder with app.py and a first revision, which is applied."""
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    done = flask_db("init", "migrate -m 'Add users' --rev-id users", "upgrade")
    assert [code for code, _ in done] == [0, 0, 0], done
    return tmp_path


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("app", "Migrate does not know the models: `Migrate(app, db)`"),
        ("app, 'migrations'", "Migrate does not know the models: `Migrate(app, db)`"),
        ("app, metadata='x'", "`metadata` must be a MetaData, such as SQLModel.metadata, not 'x'."),
        (
            "app, metadata=lambda: __import__('nowhere')",
            "The models can't be imported: ModuleNotFoundError: No module named 'nowhere'.",
        ),
    ],
)
def test_wrong_models(project, flask_db, given, said):
    text = APP.replace("app, metadata=SQLModel.metadata", given)
    (project / "app.py").write_text(text, encoding="utf-8")

    for code, output in flask_db("migrate -m x", "check", "docs"):
        assert code == 1
        assert output.startswith(f"Error: {said}")
        assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere", "No module named 'nowhere'."),
        ("import found", "While importing 'other', an ImportError was raised:"),
        ("1 / 0", "ZeroDivisionError: division by zero."),
    ],
)
def test_application_of_alembic_ini_that_does_not_load(project, alembic, text, said):
    (project / "other.py").write_text(text, encoding="utf-8")
    (project / "found.py").write_text("from app import nothing", encoding="utf-8")
    ini = project / "migrations" / "alembic.ini"
    ini.write_text(ini.read_text().replace("app = app", "app = other"), encoding="utf-8")

    code, output = alembic("-c", "migrations/alembic.ini", "check")

    assert code == 1
    assert output.startswith("Error: The application other, which alembic.ini names, can't be load")
    assert said in output
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("env.py", "import nowhere", "env.py fails in line 1: ModuleNotFoundError: No module"),
        ("alembic.ini", "rubbish", "alembic.ini can't be read: File contains no section headers."),
        ("alembic.ini", "[alembic]\n[loggers]\nkeys = root\n", "alembic.ini can't set up logging:"),
    ],
)
def test_files_of_the_folder_edited_by_hand(project, flask_db, file, text, said):
    (project / "migrations" / file).write_text(text, encoding="utf-8")

    ((code, output),) = flask_db("downgrade")

    assert code == 1
    assert said in output
    assert output.count("\n") == 1


def test_env_that_does_not_call_run(project, flask_db):
    (project / "migrations" / "env.py").write_text("", encoding="utf-8")

    ((_, output),) = flask_db("downgrade")

    assert RUNS in output


def test_nested_folder_finds_the_application_from_anywhere(project, flask_db, alembic):
    text = APP.replace("metadata)", 'metadata, directory="data base/the history")')
    (project / "app.py").write_text(text, encoding="utf-8")
    ini = project / "data base" / "the history" / "alembic.ini"

    assert flask_db("init")[0][0] == 0

    assert "\nprepend_sys_path = %(here)s/../..\n" in ini.read_text(encoding="utf-8")
    assert alembic("-c", str(ini), "heads") == (0, "")


def test_wrong_database_is_named_as_it_was_given(project, flask_db):
    config = 'app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///x.db"\nMigrate('
    (project / "app.py").write_text(APP.replace("Migrate(", config), encoding="utf-8")

    upgrade, lint = flask_db("upgrade", "lint")

    said = (
        "SQLALCHEMY_DATABASE_URI is not a Postgres URL; it has the form "
        "postgresql://user:password@host/dbname, and not sqlite://.\n"
    )
    assert upgrade == (1, f"Error: {said}")
    assert lint == (0, f"Judged from the files alone: {said}Nothing unsafe in 1 revision.\n")


@pytest.mark.usefixtures("project")
def test_template_that_nobody_has(flask_db):
    ((code, output),) = flask_db("init -t nowhere other")

    assert code == 1
    assert output == "Error: There is no template nowhere: `flask db list-templates` lists them.\n"


def test_way_out_of_rows_is_sql_that_runs(project, flask_db):
    (project / "migrations" / "versions" / "more.py").write_text(
        '"""Add users.name."""\n\nfrom alembic import op\n\n'
        'revision = "more"\ndown_revision = "users"\n\n\n'
        "def upgrade() -> None:\n"
        "    op.execute('INSERT INTO \"user\" DEFAULT VALUES')\n"
        '    op.execute(\'ALTER TABLE "user" ADD "Name" text\')\n'
        '    op.execute(\'ALTER TABLE "user" ALTER "Name" SET NOT NULL\')\n',
        encoding="utf-8",
    )

    ((code, output),) = flask_db("upgrade")

    assert code == 1
    assert '(UPDATE "user" SET "Name" = ... WHERE "Name" IS NULL;' in output


@pytest.mark.usefixtures("project")
def test_unset_variables_of_a_shell_are_no_revisions(flask_db):
    said = "Error: Name a revision: an id, `head`, `base`, or a step such as +1.\n"
    commands = ("squash", "lint", "plan", "rehearse", "merge", "stamp", "upgrade", "downgrade")

    for code, output in flask_db(*(f"{command} ''" for command in commands)):
        assert code == 1
        assert output.endswith(said)


@pytest.mark.usefixtures("project")
def test_url_without_a_value_is_not_the_other_database(flask_db):
    for code, output in flask_db("-x url upgrade", "-x url= current", "-x url downgrade"):
        assert code == 1
        assert output.startswith("Error: -x url is not a Postgres URL")
