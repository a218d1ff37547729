"""Files that can't be read, in whole or in part, and files that can although it is not easy."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sqlite_to_postgres import sqlite_file, sqlite_table


def break_file(path, kind):
    """Make a file that can't be imported of one that can."""
    whole = path.read_bytes()
    contents = {
        "empty": b"",
        "text": b"Dear diary" * 100,
        "short": whole[:60],
        "cut": whole[:-4096],
        "zeroed page": whole[:8192] + bytes(4096) + whole[12288:],
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    else:
        with closing(sqlite3.connect(path)) as file:
            file.executescript(kind)


RENAMED = """
    ALTER TABLE nodes RENAME state_data TO state;
    ALTER TABLE users RENAME email TO address
"""


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "is empty"),
        ("text", "is not a SQLite database"),
        ("short", "is cut off"),
        ("cut", "is cut off"),
        ("zeroed page", "is damaged"),
        ("folder", "is a directory"),
        ("DROP TABLE generations", "the table generations is missing"),
        (RENAMED, "the column users.email, the column nodes.state_data are missing"),
        ("ALTER TABLE workflows DROP COLUMN date_theme", "workflows.date_theme is missing"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(old, command, rows, kind, says):
    old.close()
    break_file(old.path, kind)
    result = command(old)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert rows("SELECT count(*) FROM users") == [{"count": 0}]


def test_a_missing_file_is_refused_in_a_sentence(command, tmp_path):
    result = command(tmp_path / "nowhere.db")
    assert result.exit_code == 1
    assert result.stderr == f"Error: There is no file {tmp_path / 'nowhere.db'}.\n"


def test_a_file_that_may_not_be_read_is_refused(old, command, monkeypatch):
    read = Path.open

    def refuse(path, *mode, **options):
        if path == old.path:
            raise PermissionError
        return read(path, *mode, **options)

    # No permission would keep a test that runs as root from reading it.
    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read: check its permissions" in command(old).stderr


def test_damage_found_while_reading_takes_everything_back(old, command, rows, monkeypatch):
    for _ in range(200):
        old.node(error_message="x" * 1000)
    old.close()
    with old.path.open("r+b") as file:
        file.seek(-20 * 4096, 2)
        file.write(bytes(4096))
    monkeypatch.setattr(sqlite_file, "_check_pages", lambda *_: None)
    result = command(old)
    assert result.exit_code == 1
    assert "is damaged (database disk image is malformed)" in result.stderr
    assert rows("SELECT count(*) FROM users") == [{"count": 0}]


def test_a_file_that_is_being_written_to_is_refused(old, command, monkeypatch):
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(old.path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert "is being written by another program" in command(old).stderr


def test_an_unfinished_change_is_not_read(old, command):
    """What a crash left must be rolled back first; reading past it would read nonsense."""
    crash = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1])
file.execute("PRAGMA cache_size = 1")
file.execute("UPDATE workflows SET name = hex(randomblob(100000))")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", crash, old.path], check=True)
    assert "was left in the middle of a change" in command(old).stderr


def test_the_latest_changes_are_read_from_the_log(old, report):
    old.execute("PRAGMA journal_mode = WAL")
    old.user("in the log")
    assert report(old).counts("written") == [2, 1, 0, 0]


def test_nothing_is_written_beside_a_file_that_keeps_a_log(old, report):
    old.execute("PRAGMA journal_mode = WAL")
    old.close()
    assert report(old).counts("written") == [1, 1, 0, 0]
    assert list(old.path.parent.iterdir()) == [old.path]


def test_a_path_may_have_any_characters(make_file, report):
    file = make_file("what? 100% #1.db")
    file.user()
    assert report(file).counts("written") == [1, 0, 0, 0]


def test_text_that_is_no_utf8_is_repaired_and_the_rest_read_on(old, report, rows):
    for number in range(3):
        old.node(node_name=f"n{number}", error_message="fine")
    old.execute("UPDATE nodes SET error_message = CAST(x'61ff62' AS TEXT) WHERE id <> 2")
    old.execute("UPDATE users SET username = CAST(x'ff' AS TEXT)")
    told = report(old)
    repair = "text that was not valid UTF-8, now with U+FFFD"
    assert told.repairs("users") == {repair: 1}
    assert told.repairs("nodes") == {repair: 2}
    found = rows("SELECT error_message FROM nodes ORDER BY legacy_id")
    assert [row["error_message"] for row in found] == ["a\ufffdb", "fine", "a\ufffdb"]
    assert report(old).counts("already_there") == [1, 1, 3, 0]


def test_rowids_at_the_ends_of_their_range_are_read(old, report):
    for key in (2**63 - 1, -(2**63), 0):
        old.execute(
            "INSERT INTO users (id, username, created_at, updated_at) "
            "VALUES (?, CAST(? AS TEXT), '2026-01-01', '2026-01-01')",
            key,
            f"u{key}".encode() + b"\xff",
        )
    assert report(old).counts("written") == [4, 1, 0, 0]


def remade(file, table, ddl):
    """Make a table anew from its own DDL, with what `ddl` makes of that."""
    with closing(sqlite3.connect(file.path)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE name = ?"
        (sql,) = connection.execute(query, (table,)).fetchone()
        connection.executescript(f"DROP TABLE {table}; {ddl(sql)}")


def test_a_table_without_rowids_is_read_by_its_key(old, report, rows):
    remade(old, "nodes", lambda sql: f"{sql} WITHOUT ROWID")
    for key, name in ((3, "third"), (1, "first"), (2, "second")):
        old.node(id=key, node_name=name)
    old.execute("UPDATE nodes SET error_message = CAST(x'ff' AS TEXT) WHERE id = 2")
    told = report(old)
    assert told.counts("written") == [1, 1, 3, 0]
    assert told.repairs("nodes") == {"text that was not valid UTF-8, now with U+FFFD": 1}
    found = rows("SELECT node_name, error_message FROM nodes ORDER BY seq")
    assert [tuple(row.values()) for row in found] == [
        ("first", None),
        ("second", "\ufffd"),
        ("third", None),
    ]


@pytest.mark.parametrize("names", [["rowid"], ["ROWID", "oid", "_rowid_"]])
def test_columns_with_the_name_of_the_rowid_hide_no_row(old, report, names):
    for name in names:
        old.execute(f"ALTER TABLE users ADD COLUMN {name} TEXT")
    for number, given in enumerate((None, "zz", "zz", "")):
        old.user(f"u{number}", **dict.fromkeys(names, given))
    old.execute("UPDATE users SET username = CAST(x'ff' AS TEXT) WHERE id = 3")
    told = report(old)
    assert told.counts("read") == told.counts("written") == [5, 1, 0, 0]
    assert told.repairs("users") == {"text that was not valid UTF-8, now with U+FFFD": 1}
    assert told["unknown_columns"] == [f"users.{name.lower()}" for name in names]


@pytest.mark.parametrize("kind", ["VIRTUAL", "STORED"])
def test_a_generated_column_is_read(old, report, rows, kind):
    computed = f"total_tokens INTEGER AS (prompt_tokens + completion_tokens) {kind}"
    remade(old, "generations", lambda sql: sql.replace("total_tokens INTEGER", computed))
    old.generation(prompt_tokens=2, completion_tokens=3)
    assert report(old).counts("written") == [1, 1, 0, 1]
    assert rows("SELECT total_tokens FROM generations") == [{"total_tokens": 5}]


def test_a_view_in_the_place_of_a_table_is_read(old, report):
    old.execute("ALTER TABLE users RENAME TO people")
    old.execute("UPDATE people SET username = CAST(x'ff' AS TEXT)")
    old.execute("CREATE VIEW USERS AS SELECT id, username AS UserName, email, * FROM people")
    told = report(old)
    assert told.counts("read") == told.counts("written") == [1, 1, 0, 0]
    assert "text that was not valid UTF-8, now with U+FFFD" in told.repairs("users")


def test_a_file_in_utf16_is_read(tmp_path, old, report, rows):
    with closing(sqlite3.connect(old.path)) as file:
        script = "\n".join(file.iterdump())
    with closing(sqlite3.connect(tmp_path / "utf16.db")) as file:
        file.executescript(f"PRAGMA encoding = 'UTF-16be'; {script}")
    assert report(tmp_path / "utf16.db").counts("written") == [1, 1, 0, 0]
    assert rows("SELECT user_input FROM workflows") == [{"user_input": "홍대"}]


def test_ids_that_are_the_same_but_for_their_type_are_told(old, report):
    old.close()
    remade(
        old,
        "users",
        lambda sql: sql.replace("id INTEGER NOT NULL", "id").replace("(id)", "(id, email)"),
    )
    with closing(sqlite3.connect(old.path)) as file:
        file.executemany(
            "INSERT INTO users VALUES (?, ?, NULL, '2026-01-11', '2026-01-11')",
            [(1, "a"), ("1", "b"), (None, "c")],
        )
        file.commit()
    told = report(old)
    assert told.counts("read")[0] == 3
    assert told.refusals("users") == {
        "an earlier row has the same id": ["1"],
        "it has no id": [None],
    }


def test_rows_that_an_index_does_not_know_are_told(old, command, rows):
    """Where count(*) and the rows differ, nobody can say which of them are right."""
    for number in range(3):
        old.user(f"u{number}")
    old.execute("CREATE INDEX ix_users_id ON users (id) WHERE id < 3")
    old.execute("PRAGMA writable_schema = ON")
    old.execute("UPDATE sqlite_master SET sql = replace(sql, ' WHERE id < 3', '')")
    old.close()
    result = command(old)
    assert result.exit_code == 1
    assert "count(*) of users is 2, but 4 rows can be read" in result.stderr
    assert result.stderr.count("\n") == 1
    assert rows("SELECT count(*) FROM users") == [{"count": 0}]


def test_a_value_against_a_check_is_no_damage(old, report):
    remade(
        old,
        "nodes",
        lambda sql: sql.replace(
            "execution_order INTEGER", "execution_order INTEGER CHECK (execution_order > 1)"
        ),
    )
    old.execute("PRAGMA ignore_check_constraints = ON")
    old.node()
    assert report(old).counts("written") == [1, 1, 1, 0]


def test_a_file_that_changes_while_nothing_locks_it_takes_everything_back(
    old, command, rows, monkeypatch
):
    def change_and_count(counted):
        with closing(sqlite3.connect(old.path)) as other:
            other.execute("UPDATE users SET username = 'another'")
            other.commit()
        return count(counted)

    old.execute("PRAGMA journal_mode = WAL")
    old.close()
    count = sqlite_table.Table.count
    monkeypatch.setattr(sqlite_table.Table, "count", change_and_count)
    result = command(old)
    assert result.exit_code == 1
    assert "is being written by another program" in result.stderr
    assert rows("SELECT count(*) FROM users") == [{"count": 0}]
