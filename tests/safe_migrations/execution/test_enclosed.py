"""Revisions inside of a transaction that its caller ends: all of it is done, or nothing."""

import pytest

from plain_commands.errors import ConfigurationError
from safe_migrations.execution.enclosed import plainly

TABLE = "op.create_table('t', sa.Column('id', sa.Integer), sa.Column('note', sa.Text))"
OUTSIDE = """
with op.get_context().autocommit_block():
    op.create_index("ix_t_note", "t", ["note"], postgresql_concurrently=True)
    op.execute("VACUUM t")
op.execute("INSERT INTO t SELECT 1, 'a'")
with op.get_context().autocommit_block():
    op.execute("REINDEX (VERBOSE, CONCURRENTLY) TABLE t")
    op.execute("CREATE INDEX CONCURRENTLY ix_t_id ON t (id)")
    op.drop_index("ix_t_id", postgresql_concurrently=True)
"""
INDEXES = (
    "SELECT indexname, indisvalid FROM pg_indexes JOIN pg_index ON indexrelid = "
    "indexname::regclass WHERE schemaname = 'public' AND tablename = 't'"
)


@pytest.fixture
def outside(migrations):
    """Revisions that do what Postgres refuses inside of a transaction."""
    migrations.write("one", TABLE)
    migrations.write("two", OUTSIDE)
    return migrations


def test_what_belongs_outside_is_done_plainly(outside, engine, fetch):
    with engine.begin() as connection:
        outside.run("upgrade", "heads", connection=connection)
        with engine.connect() as other:
            assert other.exec_driver_sql("SELECT to_regclass('t')").scalar() is None
    assert fetch(INDEXES) == [("ix_t_note", True)]
    assert fetch("SELECT id, note FROM t") == [(1, "a")]
    assert fetch("SELECT version_num FROM alembic_version") == [("two",)]


def test_the_caller_takes_all_of_it_back(outside, engine, fetch):
    with engine.connect() as connection:
        connection.begin()
        outside.run("upgrade", "heads", connection=connection)
        connection.rollback()
        # What is done on the connection afterwards is as it is said.
        connection.exec_driver_sql("CREATE TABLE after_it (id int)")
        connection.commit()
    assert fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
        ("after_it",)
    ]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("op.get_bind().commit()", r"calls commit\(\) or rollback\(\)"),
        ("op.get_bind().rollback()", r"calls commit\(\) or rollback\(\)"),
        ("op.execute('COMMIT')", "would end the transaction"),
    ],
)
def test_a_revision_can_not_end_the_transaction(migrations, engine, fetch, ends, said):
    migrations.write("one", f"{TABLE}\n{ends}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE before_it (id int)")
        with pytest.raises(ConfigurationError, match=said):
            migrations.run("upgrade", "heads", connection=connection)
        connection.rollback()
    assert fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []


def test_a_revision_may_try_what_may_fail(migrations, engine, fetch):
    tried = """
    try:
        with op.get_bind().begin_nested():
            op.execute("SELECT 1 / 0")
    except sa.exc.DataError:
        op.execute("INSERT INTO t VALUES (1, 'failed')")
    """
    migrations.write("one", TABLE)
    migrations.write("two", tried)
    with engine.begin() as connection:
        migrations.run("upgrade", "heads", connection=connection)
    assert fetch("SELECT note FROM t") == [("failed",)]


@pytest.mark.parametrize(
    ("statement", "plain"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"),
        (
            "create index\nconcurrently if not exists i on t (a)",
            "create index if not exists i on t (a)",
        ),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX i"),
        ("REINDEX INDEX CONCURRENTLY i", "REINDEX INDEX i"),
        ("REINDEX (CONCURRENTLY true) INDEX i", "REINDEX (VERBOSE false) INDEX i"),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "ALTER TABLE t DETACH PARTITION p"),
        ("CREATE INDEX concurrently_built ON t (a)", "CREATE INDEX concurrently_built ON t (a)"),
        ("COMMENT ON TABLE t IS 'CREATE INDEX CONCURRENTLY'", None),
        ("INSERT INTO t VALUES ('DROP INDEX CONCURRENTLY i')", None),
    ],
)
def test_concurrently_is_left_out(statement, plain):
    assert plainly(statement) == (plain or statement)
