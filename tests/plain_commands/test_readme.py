"""The example of the README does what it says, for those who have nothing but the library."""

import re
import shlex
from importlib import import_module

import pytest
from click.testing import CliRunner

import plain_commands


@pytest.fixture
def readme(root):
    return (root / "packages/plain_commands/README.md").read_text("utf-8")


@pytest.fixture
def books(readme, tmp_path, monkeypatch):
    """The group of the example, whose module can be imported."""
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "books.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return import_module("books").books


def test_each_command_prints_what_stands_below_it(readme, books):
    [session] = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    runs = re.findall(r"^\$ python books\.py (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE)
    assert len(runs) == 4
    for line, shown in runs:
        done = CliRunner().invoke(books, shlex.split(line))
        assert done.output == shown
        assert done.exit_code == ("Ulysses" in line)


def test_the_face_is_the_list_of_the_readme(readme):
    listed = set(re.findall(r"`(?:\w+\.)?(\w+)", readme.partition("## What there is")[2]))
    assert set(plain_commands.__all__) <= listed
    for name in plain_commands.__all__:
        assert getattr(plain_commands, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        plain_commands.nothing  # noqa: B018  it raises
