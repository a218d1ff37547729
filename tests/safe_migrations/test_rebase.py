"""Two heads become one chain again, by one line of one file."""

import os
import py_compile

import pytest
from alembic.util.pyfiles import load_python_file

from plain_commands.errors import ConfigurationError
from safe_migrations.errors import SeveralHeadsError
from safe_migrations.rebase import apply, plan
from safe_migrations.revisions import heads


@pytest.fixture
def forked(migrations):
    """`theirs` and `mine` follow `base_`; `more` follows `mine`."""
    migrations.write("base_", "pass")
    migrations.write("theirs", "pass", title="Theirs\n\nOf 1, of 2026-01-01; it follows base_.")
    title = "Mine\n\nRevision mine, of 2026-01-02; it follows base_"
    migrations.write("mine", "pass", after="base_", title=title)
    migrations.write("more", "pass", title="More, of 2026-01-03")
    return migrations.folder / "versions"


def test_the_newer_chain_moves(forked):
    before = {path.name: path.read_text(encoding="utf-8") for path in forked.iterdir()}
    found = plan(forked)
    assert (found.first.id, found.before, found.onto) == ("mine", "base_", "theirs")
    assert found.moved == ("mine", "more")
    assert "more is of 2026-01-03" in found.reason
    apply(found)
    assert heads(forked) == ("more",)
    after = {path.name: path.read_text(encoding="utf-8") for path in forked.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"mine.py"}
    changed = zip(before["mine.py"].splitlines(), after["mine.py"].splitlines(), strict=True)
    assert [line for old, line in changed if old != line] == [
        'Revision mine, of 2026-01-02; it follows theirs."""',
        'down_revision = "theirs"',
    ]


def test_a_file_that_was_changed_within_a_second_is_read_anew(migrations):
    for name, after in (("base_", None), ("their", "base_"), ("mine_", "base_")):
        migrations.write(name, "pass", after=after)
    path = migrations.folder / "versions" / "mine_.py"
    then = path.stat()
    py_compile.compile(str(path))
    apply(plan(migrations.folder / "versions", revision="mine_"))
    os.utime(path, (then.st_atime, then.st_mtime))
    assert path.stat().st_size == then.st_size
    assert load_python_file(str(path.parent), path.name).down_revision == "their"


def test_what_is_not_applied_moves(forked):
    found = plan(forked, applied={"base_", "mine", "more"})
    assert (found.first.id, found.onto) == ("theirs", "more")
    assert "theirs is not" in found.reason


def test_what_is_applied_stays(forked):
    with pytest.raises(ConfigurationError, match=r"mine is applied .*`flask db downgrade`"):
        plan(forked, revision="mine", applied={"base_", "mine"})


def test_a_named_revision_moves(forked):
    assert plan(forked, revision="theirs").onto == "more"
    assert plan(forked, onto="theirs").first.id == "mine"


def test_one_head_and_three_heads(forked, migrations):
    with pytest.raises(ConfigurationError, match="no revision nothing"):
        plan(forked, revision="nothing")
    migrations.write("third", "pass", after="base_")
    with pytest.raises(SeveralHeadsError, match="say which one moves"):
        plan(forked)
    for name in ("third", "theirs"):
        (forked / f"{name}.py").unlink()
    with pytest.raises(ConfigurationError, match="nothing to rebase"):
        plan(forked)


def test_merges_stay(forked, migrations):
    migrations.write("joined", "pass", after=("more", "theirs"))
    migrations.write("another", "pass", after="base_")
    with pytest.raises(ConfigurationError, match="can't be moved"):
        plan(forked, revision="joined")
