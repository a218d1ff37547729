"""The example of docs/examples/expand_contract, on real rows, with old and new code between."""

import shutil

import pytest


@pytest.fixture
def example(migrations, root, engine):
    """The example's revisions, and a table `users` with 300 rows."""
    for path in (root / "docs" / "examples" / "expand_contract").glob("*.py"):
        shutil.copy(path, migrations.folder / "versions")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id int PRIMARY KEY, locale varchar(35))")
        connection.exec_driver_sql(
            "INSERT INTO users SELECT i, CASE i %% 2 WHEN 0 THEN 'ko-KR' ELSE 'en-US' END "
            "FROM generate_series(1, 300) AS i"
        )
    return migrations


def test_no_row_is_lost_up_or_down_while_code_of_both_releases_runs(
    example, execute, fetch, empty_database
):
    def write(sql: str) -> None:
        execute(empty_database, f"INSERT INTO users {sql}")

    example.run("upgrade", "expand_language")
    write("(id, locale) VALUES (301, 'ja-JP')")  # Code of the release before.
    write("(id, locale, language) VALUES (302, 'ja-JP', 'ja-JP')")  # Code that writes both.
    example.run("upgrade", "fill_language")
    by_language = [("en-US", 150), ("ja-JP", 2), ("ko-KR", 150)]
    query = "SELECT {0}, count(*) FROM users GROUP BY {0} ORDER BY {0}"
    assert fetch(query.format("language")) == by_language
    before = fetch("SELECT id, locale FROM users ORDER BY id")
    example.run("upgrade", "contract_locale")
    write("(id, language) VALUES (303, 'ja-JP')")  # Code that knows the new column only.
    example.run("downgrade", "fill_language")
    assert fetch("SELECT id, locale FROM users ORDER BY id") == [*before, (303, "ja-JP")]
    write("(id, locale, language) VALUES (304, 'ko-KR', 'ko-KR')")
    example.run("downgrade", "base")
    assert fetch("SELECT count(*), count(locale) FROM users") == [(304, 304)]
    example.run("upgrade", "head")
    assert fetch(query.format("language")) == [("en-US", 150), ("ja-JP", 3), ("ko-KR", 151)]
