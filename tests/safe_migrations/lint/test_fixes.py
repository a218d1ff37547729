"""Every piece of code that a finding recommends runs on tables with rows, and does the same."""

import ast
import re
from pathlib import Path
from textwrap import indent

import pytest
from sqlalchemy import create_engine

from safe_migrations.lint.fixes import NEXT, runs
from safe_migrations.lint.run import lint
from safe_migrations.rehearsal.snapshot import read_schema, schema_differences
from safe_migrations.runner import configuration
from safe_migrations.target import connected
from service.schema import project

CASES = Path(__file__).parent / "cases"
ROWS = """
INSERT INTO users (email, username, country, city, phone, nickname, bio, created_at)
    SELECT n || '@example.com', 'u' || n, 'KR', '서울', n, 'n' || n, 'b', now()
    FROM generate_series(1, 20) AS n;
INSERT INTO trips (user_id, title, party_size, budget, starts_on, ends_on)
    SELECT n, 't' || n, n, n, '2026-01-01', '2026-01-02' FROM generate_series(1, 20) AS n;
INSERT INTO bookings (trip_id, user_id, reference, price, currency, room, booked_at, stay)
    SELECT n, n, 'r' || n, n, 'KRW', n, now(), tsrange(now()::timestamp, NULL)
    FROM generate_series(1, 20) AS n;
INSERT INTO events (user_id, name) SELECT n, 'e' || n FROM generate_series(1, 20) AS n;
INSERT INTO currencies VALUES ('KRW', 'won');
INSERT INTO audit_log SELECT n, 'l' FROM generate_series(1, 20) AS n;
INSERT INTO measurements SELECT n, '2025-02-01', n FROM generate_series(1, 20) AS n;
INSERT INTO "order" ("group", "user") SELECT 'g' || n, n FROM generate_series(1, 20) AS n;
"""
CONVENTION = """
import sqlalchemy as sa
from alembic import context
from safe_migrations import run

run(context, target_metadata=sa.MetaData(naming_convention={
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
}))
"""
# Their way out ends elsewhere, as it says.
ENDS_ELSEWHERE = {
    "enum-value-renamed",  # The old value stays.
    "not-null-without-default",  # The default stays, for INSERTs of the release before.
    "stored-generated-column",  # It becomes a virtual one.
}
# What the database refuses on the whole: there is nothing to be like.
REFUSED = {
    "concurrent-in-transaction",
    "concurrent-on-partitioned",
    "refused-by-postgres",
    "transaction-control",
}
# The savepoint around it has to go, too.
NOT_ALONE = {"unsafe_data_change_with_ddl_savepoint"}


@pytest.fixture(scope="session")
def with_rows(server, execute, base_database):
    """Name a database at the revision `start`, with rows in its tables."""
    name = f"{base_database}_rows"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {base_database} STRATEGY file_copy")
    engine = create_engine(server.set(database=name))
    with engine.begin() as connection:
        connection.exec_driver_sql(ROWS)
    engine.dispose()
    yield name
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


class Replay:
    """Runs a revision as it is, and with the code that is recommended for one of its findings."""

    def __init__(self, started, server, execute, empty, with_rows):
        self.started, self.server, self.execute = started, server, execute
        self.empty, self.with_rows = empty, with_rows
        self.versions = started.folder / "versions"

    def check(self, text):
        """Compare what the revision does with what each piece of code makes of it."""
        self.clean()
        (self.versions / "case.py").write_text(text, encoding="utf-8")
        revision, after = (constant(name, text) for name in ("revision", "down_revision"))
        found = lint(self.config(), f"{after}:{revision}").findings
        rules = [item.rule for item in found]
        # What the case does besides the finding that is mended.
        fails_on_rows = "not-null-without-default"
        ways_out = [item for item in found if runs(item.fix)]
        is_like = any(item.rule not in REFUSED for item in ways_out)
        asked = self.schema(self.empty) if is_like else {}
        for finding in ways_out:
            self.clean()
            self.put(text, revision, finding)
            is_left = fails_on_rows in rules and finding.rule != fails_on_rows
            done = self.schema(self.empty if is_left else self.with_rows)
            left = [item.rule for item in lint(self.config(), f"{after}:").findings]
            if len(rules) == 1:
                assert left == [], finding.fix
            assert left.count(finding.rule) < rules.count(finding.rule), finding.fix
            if finding.rule not in REFUSED | ENDS_ELSEWHERE:
                assert schema_differences(asked, done) == [], finding.fix
        return len(ways_out)

    def clean(self):
        for written in self.versions.glob("fix*.py"):
            written.unlink()

    def config(self):
        return configuration(project().at(self.started.folder), quiet=True)

    def schema(self, template):
        """Run what there is on a copy of a database, and read the schema that it ends with."""
        name = self.started.url.database
        copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        self.execute(self.server, f"DROP DATABASE {name} WITH (FORCE)", copy)
        self.started.run("upgrade", "head")
        with connected(self.started.url, timeout_s=5) as connection:
            return read_schema(connection)

    def put(self, text, revision, finding):
        """Put the recommended code in the place of the statement, and after the revision."""
        first, *others = finding.fix.split(f"\n{NEXT}\n")
        start, end = span(ast.parse(text), finding.line)
        lines = text.splitlines()
        margin = lines[start - 1][: -len(lines[start - 1].lstrip())]
        lines[start - 1 : end] = [indent(first, margin)]
        (self.versions / "case.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.started.last = revision
        for number, code in enumerate(others):
            self.started.write(f"fix{number}", f"{code}\npass")


def constant(name, text):
    return dict(re.findall(r"^(\w+) = [\"'](.+)[\"']$", text, re.MULTILINE))[name]


def span(module, line):
    """Find the first and last line of the innermost statement on a line."""
    spans = [
        (node.lineno, node.end_lineno)
        for node in ast.walk(module)
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
        if node.lineno <= line <= node.end_lineno
    ]
    return max(spans)


@pytest.fixture
def replay(started, server, execute, base_database, with_rows):
    return Replay(started, server, execute, base_database, with_rows)


@pytest.fixture
def convention(started):
    """Let env.py have a naming convention."""
    (started.folder / "env.py").write_text(CONVENTION, encoding="utf-8")


FILES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(CASES.glob("unsafe_*.py"))
    if path.stem not in NOT_ALONE
}
# A naming convention concerns what Alembic names.
NAMED = {name: text for name, text in FILES.items() if re.search(r"op\.(?!execute)|sa\.", text)}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_what_is_recommended_runs_on_rows_and_ends_with_the_same_schema(replay, text):
    replay.check(text)


@pytest.mark.usefixtures("convention")
@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_and_under_a_naming_convention(replay, text):
    replay.check(text)


BEFORE = """
op.execute("CREATE TABLE sales (id int PRIMARY KEY, amount int, CHECK (amount > 0))")
op.execute("INSERT INTO sales SELECT n, n FROM generate_series(1, 9) n")
op.execute("CREATE TABLE keyed (shop int NOT NULL UNIQUE, day date)")
op.execute("INSERT INTO keyed SELECT n, now() FROM generate_series(1, 9) n")
op.execute("CREATE TABLE visits (shop int, day date)")
op.execute("CREATE SCHEMA ops")
op.execute("CREATE TABLE ops.jobs (id int PRIMARY KEY, sale int, state text)")
op.execute("INSERT INTO ops.jobs SELECT n, n, 's' || n FROM generate_series(1, 9) n")
op.execute('CREATE TABLE "여행 계획" (id int PRIMARY KEY, "도시" text, "select" int)')
op.execute("INSERT INTO \\"여행 계획\\" SELECT n, 'c' || n, n FROM generate_series(1, 9) n")
"""
ODD = {
    "a name that is taken": 'op.execute("ALTER TABLE sales ADD CHECK (amount < 1000000)")',
    "unique twice": 'op.execute("ALTER TABLE keyed ADD UNIQUE (shop)")',
    "without a primary key": (
        'op.add_column("keyed", sa.Column("token", sa.Uuid(), nullable=False, '
        'server_default=sa.text("gen_random_uuid()")))'
    ),
    "serial": 'op.execute("ALTER TABLE sales ADD COLUMN number serial")',
    "small serial": 'op.execute("ALTER TABLE sales ADD COLUMN number smallserial NOT NULL")',
    "serial primary key": 'op.execute("ALTER TABLE keyed ADD COLUMN id serial PRIMARY KEY")',
    "identity": (
        'op.execute("ALTER TABLE sales ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY")'
    ),
    "identity in another schema": (
        'op.add_column("jobs", sa.Column("number", sa.Integer(), sa.Identity()), schema="ops")'
    ),
    "serial in another schema": 'op.execute("ALTER TABLE ops.jobs ADD COLUMN number serial")',
    "foreign key in another schema": (
        'op.create_foreign_key("fk_sale", "jobs", "sales", ["sale"], ["id"], source_schema="ops")'
    ),
    "not null in another schema": 'op.alter_column("jobs", "state", nullable=False, schema="ops")',
    "index in another schema": 'op.create_index("ix_state", "jobs", ["state"], schema="ops")',
    "unique in another schema": (
        'op.create_unique_constraint("uq_state", "jobs", ["state"], schema="ops")'
    ),
    "korean not null": 'op.alter_column("여행 계획", "도시", nullable=False)',
    "korean check": 'op.execute(\'ALTER TABLE "여행 계획" ADD CHECK ("select" > 0)\')',
    "korean unique": 'op.create_unique_constraint("uq_도시", "여행 계획", ["도시"])',
    "korean serial": 'op.execute(\'ALTER TABLE "여행 계획" ADD "번호" serial\')',
    "korean default": (
        'op.add_column("여행 계획", sa.Column("select me", sa.Uuid(), nullable=False, '
        'server_default=sa.text("gen_random_uuid()")))'
    ),
}


@pytest.mark.parametrize("is_named", [False, True], ids=["postgres", "convention"])
def test_odd_names_and_tables(replay, is_named, request, subtests):
    if is_named:
        request.getfixturevalue("convention")
    replay.started.write("before", BEFORE)
    for name, code in ODD.items():
        with subtests.test(name):
            replay.started.last = "before"
            replay.started.write("case", code)
            assert replay.check((replay.versions / "case.py").read_text(encoding="utf-8"))


def test_a_table_without_any_key_is_told_in_words(replay):
    replay.started.write("before", BEFORE)
    replay.started.write("case", 'op.execute("ALTER TABLE visits ADD COLUMN id serial")')
    [finding] = lint(replay.config(), "before:").findings
    assert "no key by which a Backfill could go through it" in finding.fix
    assert not runs(finding.fix)


def test_postgres_18_has_a_shorter_way_to_not_null(started_database):
    started = started_database
    started.write("unsafe", 'op.alter_column("bookings", "user_id", nullable=False)')
    config = configuration(project().at(started.folder), quiet=True)
    with connected(started.url, timeout_s=5) as connection:
        [finding] = lint(config, None, connection).findings
    (started.folder / "versions" / "unsafe.py").unlink()
    started.last = "start"
    steps = finding.fix.split(f"\n{NEXT}\n")
    assert "NOT NULL user_id NOT VALID" in steps[0]
    for number, code in enumerate(steps):
        started.write(f"fix{number}", code)
    assert lint(config, "start:").findings == ()
    started.run("upgrade", "head")
