"""The tables of the guides: complete, and word for word what the service says."""

import re
from dataclasses import fields

import pytest

from safe_migrations.commands.group import COMMANDS
from safe_migrations.errors import ExitCode
from serverless_postgres.neon_commands.group import COMMANDS as NEON_COMMANDS
from serverless_postgres.refusals import refusal
from service.settings import Settings

ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)


@pytest.fixture
def guide(root):
    def read(name):
        return (root / "docs" / name).read_text(encoding="utf-8")

    return read


def rows(text):
    return [row.split(" | ") for row in ROW.findall(text)]


def test_every_command_and_every_exit_code_is_listed(guide):
    text = guide("ALEMBIC_GUIDE.md")
    listed = set(re.findall(r"`([a-z-]+)", " ".join(row[0] for row in rows(text))))
    assert set(COMMANDS) <= listed
    codes = {int(row[0]) for row in rows(text) if row[0].isdigit()}
    assert codes == set(ExitCode)


def test_every_command_of_neon_is_listed(guide):
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", guide("NEON.md"), re.MULTILINE))
    assert set(NEON_COMMANDS) <= listed


def test_rules_that_recipes_name_are_rules_of_lint(guide, root):
    recipes = guide("ALEMBIC_GUIDE.md").partition("## Recipes")[2].partition("###")[0]
    named = {name for row in rows(recipes) for name in re.findall(r"`([a-z-]+)`", row[1])}
    found: set[str] = set()
    for case in (root / "tests" / "safe_migrations" / "lint" / "cases").rglob("*.py"):
        if expected := re.search("^# expect: (.+)$", case.read_text("utf-8"), re.MULTILINE):
            found.update(expected[1].split(", "))
    assert named
    assert named <= found


def test_what_neon_refuses_is_explained_as_doctor_does(guide):
    table = guide("NEON.md").partition("| Neon says |")[2].partition("\n\n")[0]
    for said, *explained in rows(table)[1:]:
        found = refusal(said.strip("`"))
        assert explained == [found.said, found.mend]


@pytest.mark.parametrize("name", ["ALEMBIC_GUIDE.md", "DATABASE_GUIDE.md", "NEON.md"])
def test_settings_that_a_guide_names_exist(guide, name):
    settings = {spec.name.upper() for spec in fields(Settings)}
    prefixes = "POOL|SCHEMA|NEON|CONNECT|DIRECT|DATABASE"
    named = set(re.findall(rf"\b(?:{prefixes})_[A-Z_]+\b(?!\.md)", guide(name)))
    assert named <= settings
