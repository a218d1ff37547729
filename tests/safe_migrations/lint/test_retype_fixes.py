"""What is recommended for changes of types runs on rows, and leaves all else as it was."""

import pytest

from safe_migrations.lint.fixes import NEXT
from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration
from safe_migrations.target import connected
from service.schema import project

ROWS = """
    INSERT INTO users (email, username, phone, country, city, created_at)
    SELECT n || '@example.com', 'user ' || n, '+49' || n, 'de', 'Berlin', now()
    FROM generate_series(1, 50) AS n
"""
CHANGE = "ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)"
# All that there is of a table, by name, in Postgres's own words.
THERE = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = 'users'::regclass AND convalidated
    UNION ALL
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = 'users'::regclass AND indisvalid
    UNION ALL
    SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy
    UNION ALL
    SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
    ORDER BY 1, 2
"""
TRIGGER = """
    CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER phones BEFORE UPDATE OF phone ON users FOR EACH ROW EXECUTE FUNCTION same()
"""
VIEWS = """
    CREATE VIEW phones AS SELECT id, phone FROM users;
    CREATE VIEW long_phones AS SELECT id FROM phones WHERE length(phone::text) > 9
"""


@pytest.mark.parametrize("is_live", [False, True], ids=["static", "live"])
@pytest.mark.parametrize(
    ("before", "rules"),
    [
        ("ALTER TABLE users ADD CHECK (phone <> '')", ["type-change-scans"]),
        (
            "ALTER TABLE users ADD CHECK (phone <> ''), ADD CONSTRAINT b CHECK (phone <> city)",
            ["type-change-scans"],
        ),
        ("CREATE INDEX ix ON users (lower(phone))", ["type-change-rewrites"]),
        (
            (
                "CREATE INDEX ix ON users (id DESC) WHERE phone > '+'; ALTER TABLE users ADD CHECK "
                "(phone <> '')"
            ),
            ["type-change-rewrites", "type-change-scans"],
        ),
        (TRIGGER, ["refused-by-postgres"]),
        ("CREATE POLICY germans ON users USING (phone <> '')", ["refused-by-postgres"]),
        (VIEWS, ["refused-by-postgres"]),
    ],
)
def test_the_way_around_runs_and_leaves_everything_else(
    started_database, fetch, before, rules, is_live
):
    started = started_database
    started.write("before", f"op.execute({ROWS!r})\nop.execute({before!r})")
    started.run("upgrade", "head")
    there = fetch(THERE)
    started.write("change", f"op.execute({CHANGE!r})")
    config = configuration(project().at(started.folder), quiet=True)
    with connected(started.url, timeout_s=5) as connection:
        found = lint(config, "before:change", connection if is_live else None).findings
    assert [item.rule for item in found] == rules
    (started.folder / "versions" / "change.py").unlink()
    started.last = "before"
    # Each has the whole way, whatever it was found for.
    assert len({item.fix for item in found}) == 1
    for number, code in enumerate(found[0].fix.split(f"\n{NEXT}\n")):
        started.write(f"fix{number}", f"{code}\npass")
    assert lint(config, "before:").findings == ()
    started.run("upgrade", "head")
    assert fetch(THERE) == there
    assert fetch("SELECT max(length(phone)), count(*) FROM users") == [(5, 50)]
    assert fetch(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'users'::regclass AND attname = 'phone'"
    ) == [("character varying(80)",)]
