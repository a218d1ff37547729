"""The migrations: they make what the models describe, and go both ways."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlmodel import SQLModel

from safe_migrations.revisions import heads, revisions
from safe_migrations.runner import run
from safe_migrations.tool_tables import TOOL_TABLES
from serverless_postgres.embedded import binaries
from service.schema import project

CATALOG = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'alembic_version%'
      AND NOT a.attisdropped
    UNION ALL
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      AND conrelid::regclass::text <> 'alembic_version'
    UNION ALL
    SELECT tablename, indexname, indexdef, NULL, NULL FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    ORDER BY 1, 2, 3
""")


@pytest.fixture
def engine(make_database):
    engine = create_engine(make_database())
    yield engine
    engine.dispose()


def _catalog(engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(CATALOG)]


def _url(engine) -> tuple[str]:
    return (f"url={engine.url.render_as_string(hide_password=False)}",)


def test_there_is_one_head(root):
    script = ScriptDirectory(str(root / "migrations"))
    assert tuple(script.get_heads()) == heads(project().versions)
    assert len(heads(project().versions)) == 1


def test_models_and_migrations_agree(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, _kind, _parents: name not in TOOL_TABLES,
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_alembic_check_finds_no_drift(engine, capsys):
    run(project(), "check", x=_url(engine), quiet=True)
    assert "No new upgrade operations detected" in capsys.readouterr().out


def test_every_revision_goes_down_and_up_again(engine):
    at_head = _catalog(engine)
    assert at_head
    for _ in revisions(project().versions):
        run(project(), "downgrade", "-1", x=_url(engine), quiet=True)
    assert _catalog(engine) == []
    for _ in revisions(project().versions):
        run(project(), "upgrade", "+1", x=_url(engine), quiet=True)
        run(project(), "downgrade", "-1", x=_url(engine), quiet=True)
        run(project(), "upgrade", "+1", x=_url(engine), quiet=True)
    assert _catalog(engine) == at_head


def test_every_foreign_key_is_indexed(engine):
    inspector = inspect(engine)
    for table in inspector.get_table_names():
        prefixes = [index["column_names"] for index in inspector.get_indexes(table)]
        prefixes += [item["column_names"] for item in inspector.get_unique_constraints(table)]
        prefixes.append(inspector.get_pk_constraint(table)["constrained_columns"])
        for key in inspector.get_foreign_keys(table):
            columns = key["constrained_columns"]
            assert any(prefix[: len(columns)] == columns for prefix in prefixes), (table, columns)


def test_every_constraint_has_a_conventional_name(engine):
    pattern = re.compile(r"(pk|fk|uq|ck|ix)_(\w+)")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint "
                "WHERE connamespace = 'public'::regnamespace AND contype <> 'n' "
                "AND conrelid::regclass::text <> 'alembic_version'"
            )
        ).all()
    assert rows
    for table, name in rows:
        found = pattern.fullmatch(name)
        assert found, name
        assert found[2].startswith(table), name


def test_files_are_named_by_date_and_slug():
    for revision in revisions(project().versions):
        assert re.fullmatch(r"\d{4}_\d{2}_\d{2}_[a-z0-9_]+\.py", revision.path.name)


def test_revisions_never_import_the_models():
    for revision in revisions(project().versions):
        source = revision.path.read_text(encoding="utf-8")
        found = re.findall(r"^(?:import|from) ((?:service|sqlmodel)\S*)", source, re.MULTILINE)
        assert set(found) <= {"safe_migrations.backfill"}


def test_offline_sql_is_complete(engine, root):
    """`--sql` of both commands is the same, and makes the same schema when it is run."""
    commands = (["alembic", "upgrade", "head", "--sql"], ["flask", "db", "upgrade", "--sql"])
    scripts = {
        subprocess.run(
            [str(Path(sys.executable).parent / name), *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name, *arguments in commands
    }
    assert len(scripts) == 1
    expected = _catalog(engine)
    run(project(), "downgrade", "base", x=_url(engine), quiet=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    psql = shutil.which("psql") or binaries() / "psql"
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-", url],
        input=scripts.pop(),
        text=True,
        check=True,
    )
    assert _catalog(engine) == expected


def test_offline_sql_leaves_texts_as_they_are(migrations, capsys):
    migrations.write(
        "one",
        """
        op.execute("CREATE TABLE t (note text)")
        op.execute("INSERT INTO t VALUES ('100 %, 50 %s')")
        with op.get_context().autocommit_block():
            op.create_index("ix_t", "t", ["note"], postgresql_concurrently=True)
        """,
    )
    migrations.run("upgrade", "head", sql=True)
    script = capsys.readouterr().out
    assert "VALUES ('100 %, 50 %s');" in script
    assert script.index("SET lock_timeout = '2000ms';") < script.index("BEGIN;")
    assert "SET lock_timeout = 0;\n\nCREATE INDEX CONCURRENTLY" in script
    assert re.search(r"ix_t ON t \(note\);\s+SET lock_timeout = '2000ms';\s+BEGIN;", script)
