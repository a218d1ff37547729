"""How long schema commands take, next to those of Alembic, Flask-Migrate and Django.

    DATABASE_URL=postgresql://... python benchmarks/schema_commands.py [--rounds 7]

Each peer has a project of its own with five tables in a database of its own, already migrated; the
first table shows the command that finds nothing to do and the one that shows the revision. The
second table is 50 revisions on an empty database: the very same files under this project's env.py
and under the one that `alembic init` writes. Programs take turns, each run is a process of its own.
"""

import argparse
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import psycopg2
from sqlalchemy import URL

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from safe_migrations.runner import upgrade  # noqa: E402
from serverless_postgres.url import parse  # noqa: E402  found only now
from service.schema import project  # noqa: E402

BIN = Path(sys.executable).parent
Commands = dict[str, tuple[list[str], Path, dict[str, str]]]

MODELS = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import service.models
from sqlmodel import SQLModel
target_metadata = SQLModel.metadata
"""
FLASK_APP = """
    from flask import Flask
    from flask_migrate import Migrate
    from flask_sqlalchemy import SQLAlchemy
    import os
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["ALEMBIC_URL"]
    db = SQLAlchemy(app)
    Migrate(app, db)
    for number in range(5):
        type(f"T{number}", (db.Model,), {
            "__tablename__": f"t{number}",
            "id": db.Column(db.Integer, primary_key=True),
            "name": db.Column(db.Text, nullable=False),
        })
"""
# Its own group of commands by its own name: in this environment `flask db` is this project's.
FLASK_PROGRAM = """
    from flask.cli import FlaskGroup
    from flask_migrate.cli import db
    flask = FlaskGroup()
    flask._loaded_plugin_commands = True
    flask.add_command(db)
    flask()
"""
DJANGO_SETTINGS = """
    import os
    from urllib.parse import urlsplit
    url = urlsplit(os.environ["DATABASE_URL"])
    SECRET_KEY = "of a benchmark"
    INSTALLED_APPS = ["trips"]
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
        "PASSWORD": url.password, "HOST": url.hostname, "PORT": url.port,
    }}
"""
DJANGO_MODELS = """
    from django.db import models
    for number in range(5):
        type(f"T{number}", (models.Model,), {
            "__module__": __name__, "name": models.TextField(),
        })
"""
REVISION = '''
    """Step {number}."""
    import sqlalchemy as sa
    from alembic import op
    revision = "r{number}"
    down_revision = {after!r}
    branch_labels = None
    depends_on = None
    def upgrade() -> None:
        op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True),
                        sa.Column("name", sa.Text, nullable=False))
        op.create_index("ix_t{number}_name", "t{number}", ["name"])
        op.add_column("t{number}", sa.Column("note", sa.Text))
    def downgrade() -> None:
        op.drop_table("t{number}")
'''


@contextmanager
def own_database() -> Iterator[str]:
    """Make an empty database, and drop it after."""
    server = parse(os.environ["DATABASE_URL"])
    name = f"bench_schema_{secrets.token_hex(4)}"
    connection = psycopg2.connect(text_of(server))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield text_of(server.set(database=name))
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.close()


def text_of(url: URL) -> str:
    """Write a URL as libpq takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def run(command: list[str], folder: Path, environ: dict[str, str]) -> float:
    """Run a program; return its seconds. A failure ends the benchmark."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, capture_output=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.decode()[-2000:]}")
    return seconds


def stock_alembic(folder: Path) -> None:
    """Write what `alembic init` writes, with the URL and this project's models filled in."""
    run([str(BIN / "alembic"), "init", "-t", "generic", "migrations"], folder, {})
    env = folder / "migrations" / "env.py"
    text = env.read_text(encoding="utf-8").replace("target_metadata = None", MODELS)
    text = text.replace(
        "config = context.config",
        "import os\nconfig = context.config\n"
        'config.set_main_option("sqlalchemy.url", os.environ["ALEMBIC_URL"].replace("%", "%%"))',
        1,
    )
    env.write_text(text, encoding="utf-8")


def alembic_url(url: str) -> dict[str, str]:
    """Name the database for the stock env.py."""
    return {"ALEMBIC_URL": url.replace("postgresql://", "postgresql+psycopg2://", 1)}


def prepare_ours(url: str) -> tuple[Commands, Commands]:
    """This project, on a database at its head."""
    upgrade(project(), url)
    environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
    flask = [str(BIN / "flask"), "db"]
    module = [sys.executable, "-m", "service.cli", "db"]
    return (
        {
            "this, flask db": ([*flask, "upgrade"], ROOT, environ),
            "this, python -m service.cli db": ([*module, "upgrade"], ROOT, environ),
        },
        {
            "this, flask db": ([*flask, "current"], ROOT, environ),
            "this, python -m service.cli db": ([*module, "current"], ROOT, environ),
        },
    )


def prepare_alembic(folder: Path, url: str) -> tuple[Commands, Commands]:
    """Alembic with its own env.py, on this project's models and revisions."""
    stock_alembic(folder)
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        shutil.copy(file, folder / "migrations" / "versions")
    program, environ = str(BIN / "alembic"), alembic_url(url)
    run([program, "upgrade", "head"], folder, environ)
    return (
        {"alembic": ([program, "upgrade", "head"], folder, environ)},
        {"alembic": ([program, "current"], folder, environ)},
    )


def prepare_flask_migrate(folder: Path, url: str) -> tuple[Commands, Commands]:
    """Flask-Migrate as its manual shows it."""
    (folder / "peer.py").write_text(dedent(FLASK_APP), encoding="utf-8")
    environ = {**alembic_url(url), "FLASK_APP": "peer:app"}
    (folder / "program.py").write_text(dedent(FLASK_PROGRAM), encoding="utf-8")
    program = [sys.executable, "program.py", "db"]
    for command in (["init"], ["migrate", "-m", "first"], ["upgrade"]):
        run([*program, *command], folder, environ)
    return (
        {"Flask-Migrate": ([*program, "upgrade"], folder, environ)},
        {"Flask-Migrate": ([*program, "current"], folder, environ)},
    )


def prepare_django(folder: Path, url: str) -> tuple[Commands, Commands]:
    """Django with one app."""
    (folder / "trips").mkdir()
    (folder / "trips" / "__init__.py").touch()
    (folder / "trips" / "models.py").write_text(dedent(DJANGO_MODELS), encoding="utf-8")
    (folder / "settings.py").write_text(dedent(DJANGO_SETTINGS), encoding="utf-8")
    environ = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
    program = [sys.executable, "-m", "django"]
    for command in (["makemigrations", "trips"], ["migrate"]):
        run([*program, *command], folder, environ)
    return (
        {"Django": ([*program, "migrate"], folder, environ)},
        {"Django": ([*program, "showmigrations"], folder, environ)},
    )


def measure(commands: Commands, rounds: int) -> dict[str, float]:
    """Let the programs take turns; return the median seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(run(*command))
    return {name: statistics.median(found) for name, found in times.items()}


def measure_fifty(folder: Path, rounds: int) -> dict[str, float]:
    """Run 50 revisions on empty databases, under both env.py."""
    stock_alembic(folder)
    versions = folder / "migrations" / "versions"
    for number in range(50):
        text = dedent(REVISION).format(number=number, after=f"r{number - 1}" if number else None)
        (versions / f"r{number}.py").write_text(text, encoding="utf-8")
    ours = folder / "ours"
    shutil.copytree(ROOT / "migrations", ours, ignore=shutil.ignore_patterns("versions"))
    shutil.copytree(versions, ours / "versions")
    times: dict[str, list[float]] = {"this, flask db": [], "this, alembic": [], "alembic": []}
    ini = folder / "ours.ini"
    text = (ROOT / "alembic.ini").read_text(encoding="utf-8")
    ini.write_text(text.replace("%(here)s/migrations", str(ours)).replace("%(here)s", str(ROOT)))
    for _ in range(rounds):
        with own_database() as url:
            command = [str(BIN / "alembic"), "-c", str(ini), "upgrade", "head"]
            environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
            times["this, alembic"].append(run(command, ROOT, environ))
        with own_database() as url:
            command = [str(BIN / "flask"), "db", "upgrade", "-d", str(ours)]
            environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
            times["this, flask db"].append(run(command, ROOT, environ))
        with own_database() as url:
            command = [str(BIN / "alembic"), "upgrade", "head"]
            times["alembic"].append(run(command, folder, alembic_url(url)))
    return {name: statistics.median(found) for name, found in times.items()}


def show(title: str, seconds: dict[str, float]) -> None:
    """Print a table, with each as a ratio to Alembic."""
    print(f"\n| {title} | s | times as fast as alembic |\n|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} | {seconds['alembic'] / value:.1f} |")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    noop: Commands = {}
    current: Commands = {}
    with (
        tempfile.TemporaryDirectory() as temporary,
        own_database() as first,
        own_database() as second,
        own_database() as third,
        own_database() as fourth,
    ):
        folders = [Path(temporary) / name for name in ("alembic", "flask", "django", "fifty")]
        for folder in folders:
            folder.mkdir()
        for pair in (
            prepare_ours(first),
            prepare_alembic(folders[0], second),
            prepare_flask_migrate(folders[1], third),
            prepare_django(folders[2], fourth),
        ):
            noop.update(pair[0])
            current.update(pair[1])
        show("upgrade, nothing to do", measure(noop, rounds))
        show("current", measure(current, rounds))
        show("50 revisions, empty database", measure_fifty(folders[3], rounds))


if __name__ == "__main__":
    main()
