"""What lint finds beyond the labelled cases, and what comments silence."""

import pytest

from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration
from service.schema import project

DROP = 'op.drop_column("users", "bio")'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (f"{DROP}  # lint: allow(drop-column) last read in 1.4", []),
        (f"# lint: allow(drop-column, truncate) last read in 1.4\n{DROP}", []),
        (f"# lint: allow(drop-column) last read in\n# release 1.4\n{DROP}", []),
        ('op.drop_column(\n    "users",\n    "bio",  # lint: allow(drop-column) gone\n)', []),
        (f"# lint: allow(drop-table) last read in 1.4\n{DROP}", ["drop-column"]),
        (f"# lint: allow(drop-column)\n{DROP}", ["drop-column"]),
        (f"# lint: allow(drop-column) for the next line\npass\n{DROP}", ["drop-column"]),
    ],
)
def test_a_comment_with_a_reason_silences(rules, upgrade, expected):
    assert rules(upgrade) == expected


def test_a_comment_outside_the_functions_holds_for_the_file(rules):
    top = "# lint: allow(drop-column) nothing reads them since 1.4"
    assert rules(f'{DROP}\nop.drop_column("users", "nickname")', top=top) == []


def test_a_comment_without_a_reason_is_told_about(started):
    started.write("r0", f"{DROP}  # lint: allow(drop-column)")
    [found] = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    assert "without a reason" in found.why


BACKFILL = 'Backfill("fill", "users", {"bio": "\'-\'"}, where="bio IS NULL").run(op)'
IMPORT = "from safe_migrations.backfill import Backfill"


def test_a_backfill_runs_in_batches_and_is_fine(rules):
    assert rules(BACKFILL, top=IMPORT) == []


def test_a_backfill_releases_the_locks_taken_before_it(rules):
    change = 'op.add_column("{}", sa.Column("note", sa.Text()))'
    both = f"{change.format('users')}\n{BACKFILL}\n{change.format('trips')}"
    assert rules(both, top=IMPORT) == []


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(5)", ["type-change-rewrites"]),
        ("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(30) USING nickname", []),
        (
            "ALTER TABLE users ALTER COLUMN nickname TYPE text USING lower(nickname)",
            ["type-change-rewrites"],
        ),
        ("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(12, 2)", []),
        ("ALTER TABLE trips ALTER COLUMN budget TYPE numeric", []),
        ("SET TIME ZONE 'UTC'; ALTER TABLE users ALTER created_at TYPE timestamptz", []),
        (
            "SET TIME ZONE 'Asia/Seoul'; ALTER TABLE users ALTER created_at TYPE timestamptz",
            ["type-change-rewrites"],
        ),
        ("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(12, 3)", ["type-change-rewrites"]),
        ("UPDATE users SET plan = 'free' WHERE id IN (1, 2)", []),
        ("UPDATE users SET plan = 'free' WHERE id > 0 AND id <= 500", []),
        ("UPDATE users SET plan = 'free' WHERE id > 0", ["data-change-with-ddl"]),
        ("UPDATE users SET plan = 'free' WHERE username = 'root'", []),
        (
            "WITH gone AS (DELETE FROM events RETURNING id) SELECT count(*) FROM gone",
            ["data-change-with-ddl"],
        ),
        ("ALTER TABLE users ADD COLUMN a int DEFAULT 1, ADD COLUMN b text DEFAULT now()", []),
        (
            (
                "CREATE FUNCTION f() RETURNS text AS 'SELECT 1' LANGUAGE sql; ALTER TABLE users "
                "ADD COLUMN a text DEFAULT f()"
            ),
            ["volatile-default"],
        ),
        (
            (
                "CREATE DOMAIN short AS text CHECK (length(value) < 9); "
                "ALTER TABLE users ADD COLUMN a short"
            ),
            ["table-rewrite"],
        ),
        ("ALTER TABLE users SET SCHEMA old", ["rename-table"]),
        ("ALTER TABLE measurements DETACH PARTITION measurements_2025", ["partition-attach-scans"]),
        ("DO $$ BEGIN EXECUTE 'DROP TABLE events'; END $$", ["drop-table"]),
        ("SELEC 1", ["not-analysable"]),
        ("ALTER FUNCTION f(int) RENAME TO g", ["rename-function"]),
        ("DROP FUNCTION IF EXISTS f(int)", []),
        (
            "ALTER TABLE users ADD COLUMN a uuid DEFAULT extensions.uuid_generate_v4()",
            ["volatile-default"],
        ),
        ("DO LANGUAGE plpython3u 'pass'", ["not-analysable"]),
        ("DELETE FROM users WHERE CURRENT OF c", ["data-change-with-ddl"]),
        (
            "MERGE INTO users u USING trips t ON t.user_id = u.id WHEN MATCHED THEN DELETE",
            ["data-change-with-ddl"],
        ),
    ],
)
def test_sql(rules, upgrade, expected):
    assert rules(f"op.execute({upgrade!r})") == expected


def test_drop_and_create_of_the_same_columns_is_a_rename(rules):
    found = rules(
        """
        op.create_table(
            "money", sa.Column("code", sa.String(3), primary_key=True), sa.Column("name", sa.String(80))
        )
        op.drop_table("currencies")
        """  # noqa: E501
    )
    assert found == ["drop-and-add-is-rename", "drop-table"]


def test_commit_ends_a_transaction_which_is_all_that_is_wrong(rules):
    found = rules('op.execute("COMMIT; DROP INDEX CONCURRENTLY ix_users_nickname")')
    assert found == ["transaction-control"]


def test_rows_of_a_query_are_made_up_and_what_is_done_with_them_is_judged(rules):
    found = rules(
        """
        op.drop_column("users", "bio")
        for row in op.get_bind().execute(sa.text("SELECT id FROM users WHERE id = :id"), {"id": 1}):
            op.execute("TRUNCATE users")
        """
    )
    assert found == ["not-analysable", "drop-column", "truncate"]


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ('op.get_bind().exec_driver_sql("TRUNCATE users")', ["truncate"]),
        ('op.get_bind().execute(sa.text("DELETE FROM users WHERE id = :id"), {"id": 1})', []),
        ("op.get_bind().execute(EVENTS.insert(), [{'name': 'a'}, {'name': None}])", []),
        ("op.execute(EVENTS.delete())", ["data-change-with-ddl"]),
        ("raise SystemExit", ["not-analysable"]),
        ("sa.inspect(op.get_bind())", []),
        ("sa.inspect(op.get_bind()).get_table_names()", ["not-analysable"]),
    ],
)
def test_statements_come_in_many_ways(rules, upgrade, expected):
    assert rules(upgrade, top='EVENTS = sa.table("events", sa.column("name"))') == expected


def test_tables_made_in_the_range_are_empty_but_each_alone_they_are_not(started):
    started.write("r0", 'op.create_table("hotels", sa.Column("id", sa.Integer()))')
    started.write("r1", 'op.create_index("ix_hotels_id", "hotels", ["id"])')
    config = configuration(project().at(started.folder), quiet=True)
    assert lint(config, "start:").findings == ()
    assert [item.rule for item in lint(config, "r1").findings] == ["index-not-concurrent"]


BATCH = """
with op.batch_alter_table("users") as batch:
    batch.drop_column("bio")
    batch.drop_column("nickname")  # lint: allow(drop-column) gone
"""


def test_operations_of_a_batch_have_lines_of_their_own(started):
    started.write("r0", BATCH)
    [found] = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    text = (started.folder / "versions" / "r0.py").read_text(encoding="utf-8")
    assert 'batch.drop_column("bio")' in text.splitlines()[found.line - 1]


def test_what_a_revision_prints_is_not_the_answer(rules, capsys):
    assert rules('print("working")') == []
    assert capsys.readouterr().out == ""


def test_all_branches_are_looked_at(started):
    started.write("left", DROP)
    started.write("right", 'op.drop_column("users", "city")', after="start")
    found = lint(configuration(project().at(started.folder), quiet=True)).findings
    assert {item.revision for item in found if item.rule == "drop-column"} == {"left", "right"}


# Each may come after those in front of it; the base has all of what they name.
TIMEOUTS = {
    "SET lock_timeout = '0ms'": True,
    'SET "LOCK_TIMEOUT" = 0': True,
    "SET lock_timeout = 600000": True,
    "SET lock_timeout = '0.5min'": True,
    "RESET lock_timeout": True,
    "DISCARD ALL": True,
    "SELECT set_config('lock_timeout', current_setting('app.wait'), true)": True,
    "SELECT 1 WHERE set_config('lock_timeout', '0', false) = '0'": True,
    "ALTER ROLE app SET lock_timeout = 0": True,
    "ALTER DATABASE trips RESET lock_timeout": True,
    "ALTER FUNCTION f() SET lock_timeout = 0": True,
    "SET lock_timeout = '10s'": False,
    "SET lock_timeout = '0.1min'": False,
    "SET LOCAL lock_timeout = 500": False,
    "ALTER ROLE app SET lock_timeout = '2s'": False,
    "RESET statement_timeout": False,
    "SELECT set_config('app.lock_timeout', '0', false)": False,
    "SHOW lock_timeout": False,
    "DISCARD PLANS": False,
    "COMMENT ON TABLE users IS 'SET lock_timeout = 0'": False,
}


def test_lock_timeouts_are_read_in_every_spelling(started):
    for number, statement in enumerate(TIMEOUTS):
        started.write(f"r{number}", f"op.execute({statement!r})")
    found = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    expected = [f"r{number}" for number, is_off in enumerate(TIMEOUTS.values()) if is_off]
    assert [item.revision for item in found if item.rule == "lock-timeout-off"] == expected


REQUIRE = "ALTER TABLE users ADD CONSTRAINT users_tier_present NOT NULL tier NOT VALID"
ADD = 'op.add_column("users", sa.Column("tier", sa.Text()))'


def test_a_column_that_ends_required_is_found_across_the_revisions_of_a_deploy(started):
    started.write("r0", ADD)
    started.write("r1", f"op.execute({REQUIRE!r})")
    config = configuration(project().at(started.folder), quiet=True)
    assert [item.rule for item in lint(config, "start:").findings] == ["required-without-default"]
    # Alone, it requires what code has known since the deploy before.
    assert lint(config, "r0:r1").findings == ()


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("ALTER TABLE users ADD COLUMN a int DEFAULT 0, ALTER COLUMN a SET NOT NULL", False),
        ("ALTER TABLE users ADD COLUMN a int, ADD CHECK (a IS NOT NULL) NOT VALID", True),
        ("ALTER TABLE users ADD COLUMN a int, ADD CHECK (a > 0) NOT VALID", False),
        ("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT, ALTER plan SET DEFAULT 'x'", False),
        ("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT, ALTER plan DROP NOT NULL", False),
        ("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT; DROP TABLE users CASCADE", False),
        ("ALTER TABLE users ALTER COLUMN email DROP DEFAULT", False),
        ("ALTER TABLE users ALTER COLUMN nickname DROP DEFAULT", False),
    ],
)
def test_columns_that_end_required(rules, upgrade, expected):
    assert ("required-without-default" in rules(f"op.execute({upgrade!r})")) == expected


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("DROP EXTENSION pg_trgm", ["drop-function"]),
        ("DROP FUNCTION f(int)", ["drop-function"]),
        ("DROP FUNCTION f(int); CREATE FUNCTION f(int) RETURNS int AS '' LANGUAGE sql", []),
        ("ALTER TYPE trip_status RENAME TO x; CREATE TYPE trip_status AS ENUM ()", []),
        ("REVOKE admin FROM app", ["privilege-revoked"]),
        ("REVOKE ADMIN OPTION FOR admin FROM app", []),
        ("REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC", ["privilege-revoked"]),
        ("REVOKE USAGE ON SCHEMA public FROM app", ["privilege-revoked"]),
        ("ALTER TABLE users OWNER TO other", ["privilege-revoked"]),
        ("DROP ROLE app", ["privilege-revoked"]),
        ("DROP OWNED BY app", ["privilege-revoked"]),
        ("ALTER ROLE app NOLOGIN", ["privilege-revoked"]),
        ("ALTER ROLE app LOGIN PASSWORD 'x'", []),
        ("GRANT SELECT ON users TO app", []),
        ("ALTER TABLE users ALTER COLUMN id SET GENERATED ALWAYS SET START 5", ["identity-always"]),
        ("ALTER TABLE users ALTER COLUMN id SET START 5", []),
        ("DROP POLICY IF EXISTS p ON users", []),
        ("DROP POLICY p ON users", ["row-security"]),
        ("CREATE POLICY p ON users AS RESTRICTIVE USING (true)", ["row-security"]),
        ("CREATE SYSTEM", ["not-analysable"]),
        ("ALTER SYSTEM SET work_mem = '8MB'", ["refused-by-postgres"]),
        ("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE", []),
        ("ALTER TABLE users ALTER COLUMN city TYPE varchar", ["refused-by-postgres"]),
        ("ALTER TABLE measurements_2025 ALTER COLUMN value TYPE numeric", ["refused-by-postgres"]),
    ],
)
def test_what_the_release_before_and_postgres_mind(rules, upgrade, expected):
    assert rules(f"op.execute({upgrade!r})") == expected


BREAKS = "BREAKS_RELEASE_BEFORE = {}"
INDEX = 'op.create_index("ix_users_city", "users", ["city"])'
ALLOWED = f"{DROP}  # lint: allow(drop-column) last read in 1.4"


@pytest.mark.parametrize(
    ("value", "upgrade", "expected"),
    [
        ("True", DROP, []),
        ("False", DROP, ["drop-column"]),
        ("True", ALLOWED, []),
        ("True", f"{DROP}\n{INDEX}", ["index-not-concurrent"]),
        ("True", ADD, ["breaks-nothing"]),
        ("True  # lint: allow(breaks-nothing) plan has other values", ADD, []),
        # What it does to rows and to what may be written, lint can't judge.
        ("True", "op.execute(\"UPDATE users SET plan = 'a' WHERE id = 1\")", []),
        ("True", 'op.execute("ALTER TABLE users ADD CHECK (id > 0) NOT VALID")', []),
    ],
)
def test_a_revision_says_that_it_breaks_the_release_before(rules, value, upgrade, expected):
    assert rules(upgrade, top=BREAKS.format(value)) == expected


def test_findings_on_the_release_before_name_both_ways_out(started):
    started.write("r0", f"{DROP}\n{INDEX}")
    [drop, index] = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    assert "BREAKS_RELEASE_BEFORE = True" in drop.fix
    assert "# lint: allow(drop-column)" in drop.fix
    assert "BREAKS_RELEASE_BEFORE" not in index.fix


DROPS_AND_ADDS = """
op.drop_column("users", "bio")
op.drop_column("users", "city")
op.add_column("users", sa.Column("about", sa.Text()))
"""


def test_one_new_column_is_the_twin_of_one_that_goes(started):
    started.write("r0", DROPS_AND_ADDS)
    found = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    assert [item.rule for item in found if "about" in item.why] == ["drop-and-add-is-rename"]
    assert sum(item.rule == "drop-column" for item in found) == 2
