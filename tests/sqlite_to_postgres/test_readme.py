"""The README's example does what it says."""

import pytest

import sqlite_to_postgres
from tests.sqlite_to_postgres.conftest import README, blocks


def test_the_example_prints_what_the_readme_says(path, library, monkeypatch, capsys):
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr("sys.argv", ["bring.py", library])
    exec(compile(blocks("python")[0], "bring.py", "exec"), {})  # noqa: S102  the README's own
    (shown,) = blocks("console")
    assert capsys.readouterr().out == shown.partition("\n")[2]


def test_the_readme_names_the_whole_face_and_all_of_it_says_what_it_is():
    text = README.read_text(encoding="utf-8")
    for name in sqlite_to_postgres.__all__:
        assert f"`{name}" in text, name
        # A type of callables has its docstring in its module.
        assert name == "Progress" or getattr(sqlite_to_postgres, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sqlite_to_postgres.nothing  # noqa: B018  it raises
