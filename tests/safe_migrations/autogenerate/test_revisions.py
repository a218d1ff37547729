"""What `migrate` writes: safe steps in the right files, and renames told from drop + add."""

import re
import sys
from pkgutil import iter_modules

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

import service.models
from plain_commands.errors import ConfigurationError
from safe_migrations import cookbook
from safe_migrations.autogenerate.beyond import notes
from safe_migrations.autogenerate.drift import compare, find
from safe_migrations.execution.explanation import explain
from tests.safe_migrations.autogenerate.cases import METADATA


def test_agreement_writes_no_file(drifting, capsys):
    assert drifting.migrate() == []
    assert "no revision is written" in capsys.readouterr().out


def test_a_table_that_no_model_has_is_not_dropped_in_silence(drifting, capsys):
    drifting.change("CREATE TABLE legacy_bookings (id int)")
    drifting.migrate()
    (written,) = drifting.files()
    assert 'op.drop_table("legacy_bookings")' in written
    told = capsys.readouterr().err
    assert "No model has legacy_bookings: the revision drops what it holds." in told
    assert "SCHEMA_OTHER_TABLES" in told


def test_tables_of_other_applications_are_left_alone(drifting, monkeypatch):
    # What a model has is compared, whatever the pattern takes in.
    monkeypatch.setenv("SCHEMA_OTHER_TABLES", "legacy_*, spatial_ref_sys, users")
    drifting.change(
        "CREATE TABLE legacy_bookings (id int CONSTRAINT ck_odd CHECK (id > 1), kind text)",
        "CREATE INDEX ix_legacy ON legacy_bookings (kind)",
        "CREATE TABLE spatial_ref_sys (id int)",
    )
    assert drifting.differences() == []
    assert drifting.migrate() == []
    drifting.change("ALTER TABLE users DROP created_at")
    assert {item.table for item in drifting.differences()} == {"users"}


def test_an_index_on_a_table_in_use_is_built_concurrently_in_a_file_of_its_own(drifting):
    drifting.change("DROP INDEX ix_users_nick", "ALTER TABLE users DROP created_at")
    titles = drifting.migrate("Add things")
    assert titles == ["Add things", "Add things: indexes"]
    change, indexes = drifting.files()
    assert "op.add_column" in change
    assert "index" not in change.partition("def upgrade")[2]
    assert "op.get_context().autocommit_block()" in indexes
    assert indexes.count("postgresql_concurrently=True") == indexes.count("_index(")


def test_a_new_table_gets_its_indexes_at_once(drifting):
    drifting.change("DROP TABLE bookings")
    assert drifting.migrate() == ["Mend it"]
    assert "concurrently" not in drifting.files()[0]


def test_a_constraint_is_validated_in_a_later_file(drifting):
    drifting.change("ALTER TABLE users DROP CONSTRAINT ck_users_age_positive")
    assert drifting.migrate() == ["Mend it", "Mend it: validate"]
    change, validate = drifting.files()
    assert "postgresql_not_valid=True" in change
    assert "VALIDATE CONSTRAINT ck_users_age_positive" in validate


def test_the_files_follow_each_other(drifting):
    drifting.change("ALTER TABLE users DROP age CASCADE")
    drifting.migrate()
    drifting.run("upgrade", "+1")
    drifting.run("upgrade", "+1")
    with pytest.raises(CommandError, match="not up to date"):
        drifting.migrate()
    drifting.run("upgrade", "+1")
    assert drifting.differences() == []


def test_not_null_on_two_tables_never_locks_both_at_once(drifting, monkeypatch):
    monkeypatch.setattr(
        cookbook, "NOT_NULL_NOT_VALID_SINCE", 19
    )  # What servers before 18 are given.
    drifting.change(
        "ALTER TABLE users ALTER email DROP NOT NULL",
        "ALTER TABLE bookings ALTER days DROP NOT NULL",
    )
    titles = drifting.migrate()
    assert titles == ["Mend it", "Mend it: validate", "Mend it: enforce", "Mend it: enforce"]
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def test_a_required_column_without_default_asks_for_a_deploy_in_between(drifting):
    drifting.change("DROP TABLE bookings", "ALTER TABLE users DROP email")
    assert drifting.migrate() == [
        "Mend it",
        "Mend it: require",
        "Mend it: validate",
        "Mend it: indexes",
    ]
    change, require, validate, _ = drifting.files()
    assert 'FILL = Backfill("users_email", table="users"' in validate
    assert "nullable=True" in change.partition('"email"')[2]
    assert "First deploy the code" in require
    with pytest.raises(IntegrityError, match="contains null values") as raised:
        drifting.run("upgrade", "head")
    assert "(UPDATE users SET email = ... WHERE email IS NULL;" in explain(raised.value).detail
    _fill_as_the_comment_says(drifting, validate, "name")
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def _fill_as_the_comment_says(drifting, revision, value):
    constant = re.search(
        r"# a constant (FILL = .*?\))\n.*# and (FILL\.run\(op\))", revision, re.DOTALL
    )
    assert constant
    said = " ".join(line.strip(" #") for line in constant[1].splitlines()).replace("...", value)
    filled = revision.replace(
        "def upgrade", f"from safe_migrations.backfill import Backfill\n{said}\n\ndef upgrade", 1
    ).replace("    # and FILL", f"    {constant[2]}  # and FILL")
    (path,) = (drifting.folder / "versions").glob("*_validate_*")
    path.write_text(filled, encoding="utf-8")


def test_a_failed_index_build_can_be_run_again(drifting):
    drifting.change(
        "DROP INDEX ix_users_lower", "INSERT INTO users (name, email) VALUES ('ADA', '')"
    )
    drifting.migrate()
    with pytest.raises(IntegrityError):
        drifting.run("upgrade", "head")
    drifting.change("DELETE FROM users WHERE name = 'ADA'")
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def test_a_probable_rename_isnt_written_as_drop_and_add(drifting):
    drifting.change("ALTER TABLE users RENAME nick TO alias")
    with pytest.raises(ConfigurationError) as raised:
        drifting.migrate()
    assert "--rename users.alias:nick" in raised.value.detail
    assert "expand" in raised.value.detail
    assert raised.value.members == {"renames": ["users.alias:nick"]}
    assert drifting.files() == []


def test_whoever_is_asked_decides(drifting):
    drifting.change("ALTER TABLE users RENAME nick TO alias")
    questions: list[str] = []

    def agree(question: str) -> bool:
        questions.append(question)
        return True

    drifting.attributes = {"ask": agree}
    drifting.migrate()
    assert questions == ["Is users.nick the renamed users.alias?"]
    drifting.run("upgrade", "head")
    assert drifting.differences() == []
    with drifting.engine.connect() as connection:
        assert connection.scalar(text("SELECT nick FROM users ORDER BY id LIMIT 1")) == "a"


def test_a_no_makes_it_drop_and_add(drifting):
    drifting.change("ALTER TABLE users RENAME nick TO alias")
    drifting.attributes = {"ask": lambda _question: False}
    drifting.migrate()
    assert "op.drop_column" in drifting.files()[0]


@pytest.mark.parametrize("x", ["rename=users.alias:nick", "no-rename=1"])
def test_alembic_takes_the_answer_with_x(drifting, x):
    drifting.change("ALTER TABLE users RENAME nick TO alias")
    drifting.x = [x]
    drifting.migrate()
    assert ("new_column_name" in drifting.files()[0]) == x.startswith("rename")


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ("users.gone:nick", "isn't possible"),
        ("nick", "is not a rename"),
        ("a:b.c", "is not a rename"),
    ],
)
def test_a_rename_that_cant_be_is_refused(drifting, rename, message):
    drifting.change("ALTER TABLE users RENAME nick TO alias")
    drifting.attributes = {"renames": [rename]}
    with pytest.raises(ConfigurationError, match=message):
        drifting.migrate()


def test_without_the_right_to_make_temporary_tables_it_says_what_it_misses(drifting):
    name = drifting.engine.url.database
    drifting.change(
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        f"CREATE ROLE {name} LOGIN PASSWORD 'secret'",
        f"GRANT pg_read_all_data TO {name}",
    )
    engine = create_engine(drifting.engine.url.set(username=name, password="secret"))  # noqa: S106
    try:
        with engine.connect() as connection:
            found = compare(connection, METADATA)
        assert found.differences == ()
        assert {item.table for item in found.incomplete} == {"bookings", "users"}
        assert all("permission denied" in item.reason for item in found.incomplete)
    finally:
        engine.dispose()
        drifting.change(f"REVOKE ALL ON DATABASE {name} FROM {name}", f"DROP ROLE {name}")


def test_a_comparison_leaves_nothing_behind(drifting):
    with drifting.engine.connect() as connection:
        find(connection, METADATA)
        path = connection.scalar(text("SHOW search_path"))
        temporary = connection.scalar(
            text("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        )
    assert (path, temporary) == ('"$user", public', 0)


def test_tables_of_the_tools_are_no_difference(drifting):
    drifting.change(
        "CREATE TABLE IF NOT EXISTS backfills (id int)",
        "CREATE TABLE IF NOT EXISTS schema_progress (id int)",
    )
    assert drifting.differences() == []


def test_what_models_cant_describe_is_noted(drifting):
    drifting.change(
        "CREATE VIEW names AS SELECT name FROM users",
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON users USING (true)",
    )
    with drifting.engine.connect() as connection:
        assert [str(note) for note in notes(connection, METADATA)] == [
            "function touch()",
            "policy mine on users",
            "row-level security users",
            "trigger touched on users",
            "view names",
        ]
    assert drifting.differences() == []


def test_what_is_not_compared_of_a_table_is_noted_whoever_says_it(drifting):
    drifting.change(
        "ALTER TABLE users SET (fillfactor = 70)",
        "CREATE TABLE clicks (day date NOT NULL) PARTITION BY RANGE (day)",
        "CREATE UNLOGGED TABLE sessions (id int PRIMARY KEY)",
        "CREATE UNLOGGED TABLE visits (id int REFERENCES sessions MATCH FULL)",
    )
    said = sa.MetaData()
    sa.Table("users", said, sa.Column("id", sa.Integer), postgresql_with={"fillfactor": 50})
    sa.Table("drafts", said, sa.Column("id", sa.Integer), prefixes=["UNLOGGED"])
    sa.Table("days", said, sa.Column("day", sa.Date), postgresql_partition_by="LIST (day)")
    with drifting.engine.connect() as connection:
        assert [str(note) for note in notes(connection, said)] == [
            "MATCH FULL of visits_id_fkey on visits",
            "partitioning RANGE (day) on clicks",
            "storage parameters fillfactor=70 on users",
            "unlogged table sessions",
            "unlogged table visits",
            "partitioning LIST (day) on days",
            "unlogged table drafts",
        ]


def test_a_model_is_known_as_soon_as_its_file_is_there():
    modules = {f"service.models.{module.name}" for module in iter_modules(service.models.__path__)}
    assert modules <= sys.modules.keys()


def test_a_unique_key_added_beside_an_index_build_that_fails_can_be_run_again(drifting):
    drifting.change(
        "ALTER TABLE users DROP CONSTRAINT uq_users_email",
        "DROP INDEX ix_users_lower",
        "INSERT INTO users (name, email) VALUES ('ADA', '')",
    )
    drifting.migrate()
    with pytest.raises(IntegrityError):
        drifting.run("upgrade", "head")
    drifting.change("DELETE FROM users WHERE name = 'ADA'")
    drifting.run("upgrade", "head")
    assert drifting.differences() == []
