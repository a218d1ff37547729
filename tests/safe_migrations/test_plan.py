"""What a plan says of an upgrade, with the locks that Postgres then really takes."""

import pytest
from sqlalchemy import text

from plain_commands.errors import PlainError
from safe_migrations.lint.locks import Lock
from safe_migrations.plan import plan
from safe_migrations.plan_rendering import as_document, as_markdown, as_text, human
from safe_migrations.runner import configuration
from service.schema import project

BASE = """
op.create_table("parents", sa.Column("id", sa.Integer(), primary_key=True))
op.create_table(
    "children",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("parent_id", sa.Integer(), sa.ForeignKey("parents.id")),
    sa.Column("name", sa.String(20)),
    sa.CheckConstraint("name IS NOT NULL", name="ck_name"),
)
op.execute("CREATE TABLE years (year int) PARTITION BY LIST (year)")
op.execute("CREATE TABLE years_one PARTITION OF years FOR VALUES IN (1)")
op.execute("CREATE TABLE years_rest PARTITION OF years DEFAULT")
op.execute("INSERT INTO children (id, name) SELECT n, 'x' FROM generate_series(1, 500) AS n")
"""


@pytest.fixture
def planned(migrations, engine):
    """Plan one revision that follows two tables with 500 rows."""
    migrations.write("first", BASE)
    migrations.run("upgrade", "head")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE children"))
        connection.commit()

    def make(upgrade: str):
        migrations.write("second", upgrade, title="Change the children")
        config = configuration(project().at(migrations.folder), quiet=True)
        with engine.connect() as connection:
            return plan(config, connection)

    return make


def test_sizes_locks_and_a_safer_way(planned):
    [revision] = planned('op.create_index("ix_name", "children", ["name"])')
    [statement] = revision.statements
    [touched] = statement.tables
    assert (revision.revision, revision.title) == ("second", "Change the children")
    assert (touched.table, touched.lock, touched.scans) == ("children", Lock.SHARE, True)
    assert touched.size.rows == 500
    assert touched.size.bytes > 500 * 20
    assert statement.risk == "high"
    assert "postgresql_concurrently=True" in statement.findings[0].fix
    assert "about 500 rows" in as_text((revision,))


def test_transactions_are_numbered(planned):
    [revision] = planned(
        """
        op.add_column("children", sa.Column("age", sa.Integer()))
        with op.get_context().autocommit_block():
            op.create_index("ix_age", "children", ["age"], postgresql_concurrently=True)
        op.alter_column("children", "age", server_default="1")
        """
    )
    assert [item.transaction for item in revision.statements] == [1, None, 2]
    assert [item.risk for item in revision.statements] == ["low", "none", "low"]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE children ADD COLUMN age int",
        "ALTER TABLE children ADD COLUMN parent int REFERENCES parents (id)",
        "ALTER TABLE children ALTER COLUMN name SET NOT NULL",
        "ALTER TABLE children ALTER COLUMN name TYPE text",
        "ALTER TABLE children ALTER COLUMN name SET STATISTICS 50",
        "ALTER TABLE children ADD FOREIGN KEY (parent_id) REFERENCES parents (id) NOT VALID",
        "ALTER TABLE children VALIDATE CONSTRAINT ck_name",
        "ALTER TABLE children RENAME TO kids",
        "ALTER TABLE children SET (fillfactor = 80)",
        "ALTER TABLE children DISABLE TRIGGER USER",
        "CREATE INDEX ix ON children (name)",
        "CREATE TABLE others (parent_id int REFERENCES parents (id))",
        "COMMENT ON COLUMN children.name IS 'a'",
        "LOCK TABLE children IN EXCLUSIVE MODE",
        "UPDATE children SET name = 'y' WHERE id = 1",
        "TRUNCATE children",
        "CREATE STATISTICS s ON id, name FROM children",
        "ALTER TABLE children DROP CONSTRAINT children_parent_id_fkey",
        "ALTER INDEX children_pkey RENAME TO pk",
        "ALTER TABLE years ADD CONSTRAINT ck_year CHECK (year > 0)",
        "ALTER TABLE years ALTER year SET NOT NULL",
        "CREATE TABLE years_two PARTITION OF years FOR VALUES IN (2)",
        "DROP TABLE years_one",
        "ALTER TABLE years DETACH PARTITION years_one",
        "ALTER TABLE children ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON children AS RESTRICTIVE USING (true)",
        "CREATE RULE r AS ON DELETE TO children DO INSTEAD NOTHING",
        "ALTER TABLE children ALTER name DROP DEFAULT",
        "ALTER TABLE children OWNER TO CURRENT_USER",
        "CREATE VIEW names AS SELECT name FROM children",
        "REVOKE INSERT ON children FROM PUBLIC",
    ],
)
def test_locks_are_those_that_postgres_takes(planned, engine, sql):
    [revision] = planned(f"op.execute({sql!r})")
    told = {item.table: item.lock for item in revision.statements[0].tables}
    with engine.connect() as connection:
        tables = dict(
            connection.execute(
                text(
                    "SELECT oid::int, relname FROM pg_class "
                    "WHERE relname ~ '^(parents|children|years.*)$'"
                )
            ).all()
        )
        connection.execute(text(sql))
        rows = connection.execute(
            text("SELECT relation::int, mode FROM pg_locks WHERE pid = pg_backend_pid()")
        ).all()
    seen: dict[str, Lock] = {}
    for oid, mode in rows:
        lock = next(item for item in Lock if str(item).replace(" ", "") + "LOCK" == mode.upper())
        if oid in tables:
            seen[tables[oid]] = max(seen.get(tables[oid], lock), lock)
    strong = {name: lock for name, lock in seen.items() if lock > Lock.ACCESS_SHARE}
    assert told == strong


@pytest.mark.parametrize(
    ("type_", "rewrites"),
    [
        *[("varchar(30)", False), ("text", False), ("varchar(10)", True)],
        *[("varchar", False), ("char(20)", True)],
    ],
)
def test_rewrites_are_those_of_postgres(planned, engine, type_, rewrites):
    sql = f"ALTER TABLE children ALTER COLUMN name TYPE {type_}"
    [revision] = planned(f"op.execute({sql!r})")
    node = text("SELECT relfilenode FROM pg_class WHERE relname = 'children'")
    with engine.connect() as connection:
        before = connection.execute(node).scalar()
        connection.execute(text(sql))
        assert (connection.execute(node).scalar() != before) is rewrites
    assert revision.statements[0].rewrites is rewrites


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("SELECT 1", "name TYPE varchar(30)"),
        ("ALTER TABLE children DROP CONSTRAINT ck_name", "name TYPE varchar(30)"),
        ("ALTER TABLE children ADD CHECK (note > '') NOT VALID", "note TYPE varchar"),
        ("ALTER TABLE children ADD CHECK (note > '') NOT ENFORCED", "note TYPE varchar"),
        ("ALTER TABLE children ADD CHECK (note > '')", "note TYPE text"),
        ("CREATE INDEX ON children (note)", "note TYPE varchar"),
        ("CREATE INDEX ON children (id) INCLUDE (note)", "note TYPE varchar"),
        ("CREATE INDEX ON children (lower(note))", "note TYPE varchar"),
        ("CREATE INDEX ON children (id) WHERE note IS NULL", "note TYPE text"),
        ("CREATE INDEX ON children (note) WHERE id > 5", "note TYPE varchar"),
        ("CREATE INDEX ON children (lower(name))", "note TYPE varchar"),
        ("CREATE INDEX ON children (born)", "born TYPE timestamp"),
        ("CREATE INDEX ON children (id) INCLUDE (born)", "born TYPE timestamp"),
        ("ALTER TABLE children ADD CHECK (born > '2000-01-01')", "born TYPE timestamp"),
        ("ALTER TABLE children ADD EXCLUDE (id WITH =) WHERE (note <> '')", "note TYPE varchar"),
        ("ALTER TABLE children ADD UNIQUE (note)", "note TYPE varchar"),
    ],
)
def test_type_changes_read_what_postgres_reads(planned, engine, before, change):
    sql = f"ALTER TABLE children ALTER {change}"
    with engine.connect() as connection:
        more = "ALTER TABLE children ADD note text, ADD born timestamptz"
        for statement in ("SET TIME ZONE 'UTC'", more, before):
            connection.execute(text(statement))
        connection.commit()
        [revision] = planned(f"op.execute({sql!r})")
        # SQLAlchemy takes the notices to its log.
        raw = connection.connection.dbapi_connection
        with raw.cursor() as cursor:
            cursor.execute(f"SET client_min_messages = debug1; {sql}")
        said = list(raw.notices)
    # Tables that had no TOAST table get one, with its index.
    read = ("verifying table", 'on table "children"')
    was_read = any(part in line for line in said for part in read)
    assert revision.statements[0].scans is was_read
    assert not revision.statements[0].rewrites
    assert bool(revision.statements[0].findings) is was_read


def test_markdown_has_a_row_for_each_statement(planned):
    revisions = planned('op.drop_column("children", "name")')
    written = as_markdown(revisions)
    assert (
        "| `ALTER TABLE children DROP COLUMN name` | 1 | ACCESS EXCLUSIVE on `children`" in written
    )
    assert "**drop-column** (line " in written
    assert "```python\n" in written


def test_the_document_holds_the_whole_sql(planned):
    names = ", ".join(f"'{number:0>20}'" for number in range(20))
    [revision] = as_document(planned(f'op.execute("SELECT {names}")'))["revisions"]
    assert revision["statements"][0]["sql"] == f"SELECT {names}"


def test_nothing_is_pending(migrations, engine):
    migrations.write("first", BASE)
    migrations.run("upgrade", "head")
    config = configuration(project().at(migrations.folder), quiet=True)
    with engine.connect() as connection:
        assert plan(config, connection) == ()
        with pytest.raises(PlainError, match="nowhere"):
            plan(config, connection, "nowhere")


def test_a_size_in_bytes():
    assert [human(5), human(2048), human(3 * 1024**4)] == ["5 B", "2.0 KiB", "3.0 TiB"]
