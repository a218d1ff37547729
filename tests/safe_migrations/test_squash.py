"""Old revisions become one that makes the same schema, or nothing is changed."""

import time

import pytest

from plain_commands.errors import ConfigurationError
from safe_migrations.revisions import heads
from safe_migrations.squash import apply, plan


@pytest.fixture
def chain(migrations):
    migrations.write(
        "one",
        """
        op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True))
        op.execute("INSERT INTO items VALUES (1)")
        """,
        "op.drop_table('items')",
    )
    migrations.write(
        "two",
        """
        op.add_column("items", sa.Column("name", sa.Text(), server_default="x", comment="what"))
        op.create_index("ix_items_name", "items", [sa.text("lower(name)")],
                        postgresql_where=sa.text("id > 3"))
        op.add_column("items", sa.Column("data", sa.dialects.postgresql.JSONB()))
        op.create_check_constraint("ck_items_id", "items", "id > 0")
        """,
        "op.drop_column('items', 'name')",
    )
    return migrations


def test_the_schema_stays_the_same_and_the_id_too(chain):
    made = plan(chain.project, chain.url, message="Make items")
    assert made.seeded == ("items",)
    assert len(list((chain.folder / "versions").glob("*.py"))) == 2
    apply(made, chain.project)
    assert [path.name for path in (chain.folder / "versions").glob("*.py")] == [made.path.name]
    assert heads(chain.folder / "versions") == ("two",)
    chain.run("upgrade", "head")
    chain.run("downgrade", "base")


def test_a_part_can_be_folded(chain):
    chain.write("three", "op.drop_column('items', 'name')")
    apply(plan(chain.project, chain.url, upto="two"), chain.project)
    assert heads(chain.folder / "versions") == ("three",)
    chain.run("upgrade", "head")


def test_what_would_be_lost_is_listed(chain):
    chain.write("three", "op.execute('CREATE VIEW names AS SELECT name FROM items')")
    with pytest.raises(ConfigurationError, match=r"view names \(missing\)"):
        plan(chain.project, chain.url)
    assert len(list((chain.folder / "versions").glob("*.py"))) == 3


def test_a_database_in_between_must_upgrade_first(chain):
    with pytest.raises(ConfigurationError, match="bring it to two first"):
        plan(chain.project, chain.url, stored=("one",))


def test_no_scratch_database_is_left(chain, engine):
    plan(chain.project, chain.url)
    sql = "SELECT datname FROM pg_database WHERE datname ~ '^squash_'"
    deadline = time.monotonic() + 30
    while True:
        with engine.connect() as connection:
            left = connection.exec_driver_sql(sql).all()
        # Another worker of this test run may just be squashing.
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert left == []
