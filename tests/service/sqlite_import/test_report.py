"""What the command prints."""

import json


def test_the_report_is_for_people_too(old, command):
    old.node(node_type="test")
    old.node(node_type="test")
    old.node(status="odd")
    old.execute("ALTER TABLE nodes ADD COLUMN colour TEXT")
    result = command(old, "--dry-run")
    assert result.exit_code == 0
    assert not result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["nodes", "3", "2", "0", "1", "2"] in lines
    assert "  2 x node_type unknown, now other (legacy id 1, 2)" in result.stdout
    assert '  1 x status "odd" is unknown (legacy id 3)' in result.stdout
    assert "Unknown columns, not imported: nodes.colour." in result.stdout
    assert result.stdout.endswith("Dry run: nothing was written. 1 row was refused.\n")


def test_only_some_of_many_ids_are_printed(old, command, report):
    for _ in range(12):
        old.node(99)
    assert "(legacy id 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...)" in command(old, "--dry-run").stdout
    reason = "its workflow is not in the source"
    assert report(old).refusals("nodes") == {reason: [str(number) for number in range(1, 13)]}


def test_a_long_run_says_once_that_it_is_long(old, command, monkeypatch):
    monkeypatch.setattr("sqlite_to_postgres.progress.NOTICE_AFTER_S", 0)
    assert command(old).stderr == f"Importing 2 rows of {old.path} ...\n"
    assert json.loads(command(old, "--json").stdout)["dry_run"] is False
