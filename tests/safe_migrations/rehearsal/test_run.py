"""Rehearsals on local copies: what is seen of statements, and what is said of downgrades."""

from tests.safe_migrations.rehearsal.conftest import ROWS


def locks(statement):
    return {(lock.table, str(lock.mode), lock.is_new_table) for lock in statement.locks}


def test_a_rewrite_is_seen(things, rehearse):
    things.write(
        "wider",
        'op.alter_column("things", "size", type_=sa.BigInteger())',
        'op.alter_column("things", "size", type_=sa.Integer())',
    )
    found = rehearse()
    (statement,) = found.upgrade.statements
    assert statement.revision == "wider"
    assert "ALTER COLUMN size TYPE BIGINT" in statement.sql
    assert statement.rewritten == {"things": ROWS}
    assert statement.stops == "reads and writes"
    assert locks(statement) == {("things", "ACCESS EXCLUSIVE", False)}
    assert found.upgrade.longest_stop == statement
    assert 1 < statement.duration_ms < found.upgrade.duration_ms
    assert (found.outcome, found.findings) == ("ok", ())
    assert found.second_upgrade.failure is None


def test_locks_are_those_that_each_statement_took(things, rehearse):
    things.write(
        "checked",
        """
        op.execute("ALTER TABLE things ADD CONSTRAINT positive CHECK (size > 0) NOT VALID")
        """,
        'op.execute("ALTER TABLE things DROP CONSTRAINT positive")',
    )
    things.write(
        "validated",
        """
        op.execute("ALTER TABLE things VALIDATE CONSTRAINT positive")
        op.execute("CREATE TABLE parts (thing_id int REFERENCES things)")
        op.execute("ALTER TABLE parts ADD name text")
        """,
        """
        op.execute("DROP TABLE parts")
        op.execute("ALTER TABLE things DROP CONSTRAINT positive")
        op.execute("ALTER TABLE things ADD CONSTRAINT positive CHECK (size > 0) NOT VALID")
        """,
    )
    found = rehearse()
    added, validated, created, altered = found.upgrade.statements
    assert locks(added) == {("things", "ACCESS EXCLUSIVE", False)}
    assert (locks(validated), validated.stops) == (
        {("things", "SHARE UPDATE EXCLUSIVE", False)},
        None,
    )
    assert ("things", "SHARE ROW EXCLUSIVE", False) in locks(created)
    assert ("parts", "ACCESS EXCLUSIVE", True) in locks(created)
    assert created.stops == "writes"
    # It takes nothing from anybody; but its transaction still keeps the lock on things.
    assert (locks(altered), altered.stops) == (set(), "writes")
    assert not any(statement.rewritten for statement in found.upgrade.statements)
    assert found.downgrade.statements[0].revision == "validated"
    assert found.outcome == "ok"


def test_an_index_built_concurrently_is_watched_from_outside(things, rehearse):
    things.write(
        "indexed",
        """
        with op.get_context().autocommit_block():
            op.create_index("ix_things_name", "things", ["name"], postgresql_concurrently=True)
        """,
        """
        with op.get_context().autocommit_block():
            op.drop_index("ix_things_name", postgresql_concurrently=True)
        """,
    )
    found = rehearse()
    (statement,) = found.upgrade.statements
    assert locks(statement) == {("things", "SHARE UPDATE EXCLUSIVE", False)}
    assert (statement.stops, statement.are_locks_known) == (None, True)
    assert found.outcome == "ok"


def test_rows_are_counted_and_repetitions_are_one_statement(things, rehearse):
    things.write(
        "changed",
        """
        op.execute("UPDATE things SET name = 'x' WHERE size <= 250")
        for start in range(0, 300, 100):
            op.get_bind().execute(
                sa.text("DELETE FROM things WHERE size > :start AND size <= :start + 100"),
                {"start": start},
            )
        """,
    )
    found = rehearse()
    updated, deleted = found.upgrade.statements
    assert (updated.rows, deleted.rows, deleted.times) == (250, 300, 3)
    assert locks(updated) == {("things", "ROW EXCLUSIVE", False)}
    assert found.outcome == "data differs"
    assert found.findings == (f"Table things had {ROWS:,} rows, and has {ROWS - 300:,}.",)


def test_a_downgrade_that_loses_values_is_found_out(things, rehearse):
    things.write(
        "dropped",
        'op.drop_column("things", "name")',
        'op.add_column("things", sa.Column("name", sa.Text()))',
    )
    found = rehearse()
    assert found.outcome == "data differs"
    assert found.findings == (f"Column things.name had {ROWS:,} values, and has 0.",)


def test_a_downgrade_that_leaves_something_is_found_out(things, rehearse):
    things.write(
        "left",
        'op.execute("ALTER TABLE things ADD IF NOT EXISTS left_over int")',
        "pass",
    )
    found = rehearse()
    assert found.outcome == "schema differs"
    assert found.findings == ("Column things.left_over is left over.",)


def test_a_downgrade_that_can_not_be_is_told(things, rehearse, is_there):
    # The usual way to write a revision that can't be taken back.
    things.write(
        "oneway",
        'op.drop_column("things", "name")',
        'raise NotImplementedError("the names are gone")',
    )
    found = rehearse()
    assert found.outcome == "impossible"
    assert found.findings == (
        "Revision file oneway.py fails in line 17: NotImplementedError: the names are gone.",
    )
    assert not is_there(found.copy)


def test_an_upgrade_that_fails_says_where(things, rehearse, is_there):
    things.write("fine", 'op.add_column("things", sa.Column("more", sa.Text()))')
    things.write("broken", 'op.execute("ALTER TABLE things ADD UNIQUE (more), ADD more int")')
    found = rehearse()
    failure = found.upgrade.failure
    assert (failure.revision, failure.statement) == (
        "broken",
        "ALTER TABLE things ADD UNIQUE (more), ADD more int",
    )
    assert 'column "more" of relation "things" already exists' in failure.message
    assert [statement.revision for statement in found.upgrade.statements] == ["fine"]
    assert found.downgrade is None
    assert not is_there(found.copy)


def test_only_the_target_is_rehearsed_and_nothing_when_there_is_nothing(things, rehearse):
    things.write("one", 'op.execute("CREATE TABLE one ()")', 'op.execute("DROP TABLE one")')
    things.write("two", 'op.execute("CREATE TABLE two ()")', 'op.execute("DROP TABLE two")')
    found = rehearse(target="+1")
    assert found.revisions == ("one",)
    assert found.outcome == "ok"
    assert rehearse(target="base") is None


def test_without_the_downgrade_only_the_upgrade_runs(things, rehearse):
    things.write("one", 'op.execute("CREATE TABLE one ()")')
    found = rehearse(with_downgrade=False)
    assert (found.downgrade, found.outcome) == (None, "not rehearsed")


def test_the_batches_of_a_backfill_are_counted_together(things, rehearse):
    things.write(
        "filled",
        "FILL.run(op)",
        top="""
        from safe_migrations.backfill import Backfill

        FILL = Backfill("double", table="things", set={"size": "2 * size"})
        """,
    )
    found = rehearse(with_downgrade=False)
    assert found.upgrade.failure is None
    first, others = [item for item in found.upgrade.statements if "UPDATE" in item.sql]
    assert first.rows + others.rows == ROWS
    assert others.times > 1
    assert others.stops is None
    assert others.longest_ms < others.duration_ms
