"""A revision that calls commit() or rollback() on the connection that `op.get_bind()` gives."""

import pytest

from plain_commands.errors import PlainError

COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
CONCURRENTLY = """
op.get_bind().commit()
with op.get_context().autocommit_block():
    op.create_index("ix_t", "t", ["a"], postgresql_concurrently=True)
op.execute("ALTER TABLE t ADD b int")
"""


@pytest.fixture
def upgrade(migrations):
    """Upgrade a database with a table by one more revision."""
    migrations.write("first", 'op.execute("CREATE TABLE t (a int)")')
    migrations.run("upgrade", "head")

    def run(code):
        migrations.write("second", code)
        migrations.run("upgrade", "head")

    return run


@pytest.mark.parametrize(
    "code", ['op.get_bind().commit()\nop.execute("ALTER TABLE t ADD b int")', CONCURRENTLY]
)
def test_what_follows_commit_is_applied_and_the_revision_is_noted(upgrade, fetch, code):
    upgrade(code)
    assert fetch(COLUMNS) == [("a",), ("b",)]
    assert fetch("SELECT version_num FROM alembic_version") == [("second",)]


def test_rollback_is_refused(upgrade, fetch):
    with pytest.raises(PlainError, match="calls rollback"):
        upgrade('op.execute("ALTER TABLE t ADD b int")\nop.get_bind().rollback()')
    assert fetch(COLUMNS) == [("a",)]
    assert fetch("SELECT version_num FROM alembic_version") == [("first",)]


def test_a_savepoint_may_be_rolled_back(upgrade, fetch):
    upgrade(
        """
        nested = op.get_bind().begin_nested()
        op.execute("ALTER TABLE t ADD b int")
        nested.rollback()
        """
    )
    assert fetch(COLUMNS) == [("a",)]
    assert fetch("SELECT version_num FROM alembic_version") == [("second",)]
