"""Every piece of code that a finding recommends runs on tables with rows, and does the same."""

import ast
import re
import shutil
from pathlib import Path
from textwrap import indent

import pytest
from sqlalchemy import create_engine

from service.schema.lint.fixes import NEXT, runs
from service.schema.lint.run import lint
from service.schema.rehearsal.snapshot import read_schema, schema_differences
from service.schema.runner import configuration
from service.schema.target import connected
from service.settings import ROOT

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
from service.schema.execution.environment import run

run(context, {"target_metadata": sa.MetaData(naming_convention={
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
})})
"""
# Their way out ends elsewhere, as it says.
ENDS_ELSEWHERE = {
    "enum-value-renamed",  # The old value stays.
    "stored-generated-column",  # It becomes a virtual one.
}
# What the database refuses on the whole: there is nothing to be like.
REFUSED = {"concurrent-in-transaction", "concurrent-on-partitioned", "transaction-control"}
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
    """Runs a case as it is, and with the code that is recommended for one of its findings."""

    def __init__(self, started, server, execute, empty, with_rows):
        self.started, self.server, self.execute = started, server, execute
        self.empty, self.with_rows = empty, with_rows
        self.versions = started.folder / "versions"

    def findings(self, case):
        target = self.versions / "case.py"
        shutil.copy(case, target)
        ids = re.search(r'^revision = "(.+)"$', target.read_text("utf-8"), re.MULTILINE)
        found = lint(self.config(), f"start:{ids[1]}").findings
        return [item for item in found if item.revision == ids[1]]

    def config(self):
        return configuration(str(self.started.folder), quiet=True)

    def schema(self, template):
        """Run what there is on a copy of a database, and read the schema that it ends with."""
        name = self.started.url.database
        copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        self.execute(self.server, f"DROP DATABASE {name} WITH (FORCE)", copy)
        self.started.run("upgrade", "head")
        with connected(self.started.url, timeout_s=5) as connection:
            return read_schema(connection)

    def put(self, case, finding):
        """Put the recommended code in the place of the statement, and after the revision."""
        text = case.read_text(encoding="utf-8")
        first, *others = finding.fix.split(f"\n{NEXT}\n")
        start, end = span(ast.parse(text), finding.line)
        lines = text.splitlines()
        margin = re.match(r"\s*", lines[start - 1])[0]
        lines[start - 1 : end] = [indent(first, margin)]
        (self.versions / "case.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.started.last = re.search(r'^revision = "(.+)"$', text, re.MULTILINE)[1]
        for number, code in enumerate(others):
            self.started.write(f"fix{number}", f"{code}\npass")

    def clean(self):
        for path in self.versions.glob("fix*.py"):
            path.unlink()


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


@pytest.mark.parametrize("convention", ["postgres", "convention"])
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(item, id=item.stem)
        for item in sorted(CASES.glob("unsafe_*.py"))
        if item.stem not in NOT_ALONE
    ],
)
def test_what_is_recommended_runs_on_rows_and_ends_with_the_same_schema(replay, case, convention):
    if convention == "convention":
        if "op.create_" not in case.read_text("utf-8") and "sa." not in case.read_text("utf-8"):
            return
        (replay.started.folder / "env.py").write_text(CONVENTION, encoding="utf-8")
    every = replay.findings(case)
    findings = [item for item in every if runs(item.fix)]
    asked = None
    # What the case does besides.
    is_refused_with_rows = any(item.rule == "not-null-without-default" for item in every)
    for finding in findings:
        if asked is None and finding.rule not in REFUSED:
            asked = replay.schema(replay.empty)
        replay.put(case, finding)
        done = replay.schema(replay.empty if is_refused_with_rows else replay.with_rows)
        left = [item.rule for item in lint(replay.config(), "start:").findings]
        assert left.count(finding.rule) < [item.rule for item in findings].count(finding.rule)
        if finding.rule not in REFUSED | ENDS_ELSEWHERE:
            assert schema_differences(asked, done) == [], finding.fix
        replay.clean()
