"""Rules declare themselves: what a rule's file says is found by lint, and listed in the guide."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from safe_migrations.lint import guide, judge, new, rules
from safe_migrations.lint.rules import RULES
from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration
from service.schema import project

CASES = Path(__file__).parent / "cases"
FINDS = "something that is dropped"
NEW = "drop-what-tests-drop"
"""A name that no rule will want."""
# No case can be a file that is no Python; tests/safe_migrations/commands/test_lint.py has one.
WITHOUT_CASE = {"cannot-be-imported"}


def test_a_rule_has_the_name_of_its_file_and_a_case():
    files = {path.stem for path in Path(rules.__path__[0]).glob("[a-z]*.py")}
    assert {rule.id.replace("-", "_") for rule in RULES} == files
    cases = [path.name for path in CASES.iterdir()]
    without = {
        rule.id
        for rule in RULES
        if not any(name.startswith(f"unsafe_{rule.id.replace('-', '_')}") for name in cases)
    }
    assert without == WITHOUT_CASE


def test_the_guide_lists_what_the_rules_declare(root):
    text = (root / "docs" / "ALEMBIC_GUIDE.md").read_text(encoding="utf-8")
    assert guide.listed(text) == text, "python -m safe_migrations.lint.guide docs/ALEMBIC_GUIDE.md"
    assert {rule.id for rule in RULES} <= set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE))


def test_the_list_is_written_between_its_marks(tmp_path):
    path = tmp_path / "GUIDE.md"
    marks = [f"<!-- {name} -->\nstale rows\n<!-- end of {name} -->\n" for name in guide._LISTS]  # noqa: SLF001
    path.write_text("# Guide\n" + "".join(marks) + "The end.\n", encoding="utf-8")
    assert CliRunner().invoke(guide.main, [str(path)]).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert "| `drop-column` | a column that is dropped |" in text
    assert "stale rows" not in text
    assert text.endswith("<!-- end of rules on the release before -->\nThe end.\n")
    path.write_text("# Guide\n", encoding="utf-8")
    done = CliRunner().invoke(guide.main, [str(path)])
    assert done.exit_code == 1
    assert "<!-- rules -->" in done.output


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begin a rule as a developer does, but in folders of the test."""
    folder, cases = tmp_path / "rules", tmp_path / "cases"
    folder.mkdir()
    cases.mkdir()
    monkeypatch.setattr(rules, "__path__", [str(folder)])

    def run(name: str):
        done = CliRunner().invoke(new.main, [name, FINDS, "--cases", str(cases)])
        return done, folder, cases

    return run


def test_a_new_rule_is_a_file_and_its_cases(begin, started, monkeypatch):
    done, folder, cases = begin(NEW)
    assert done.exit_code == 0, done.output
    path = folder / "drop_what_tests_drop.py"
    style = ["--quiet", "--config", str(Path("pyproject.toml").resolve()), str(path)]
    # The folder of the test is no package.
    ruff = [sys.executable, "-m", "ruff"]
    checked = subprocess.run(
        [*ruff, "check", "--ignore", "INP001", *style], check=False, capture_output=True, text=True
    )
    assert checked.stdout == ""
    subprocess.run([*ruff, "format", "--check", *style], check=True)
    unsafe, safe = (
        (cases / f"{label}_drop_what_tests_drop.py").read_text(encoding="utf-8")
        for label in ("unsafe", "safe")
    )
    assert f"# expect: {NEW}\n" in unsafe
    assert "# expect: none\n" in safe

    # What is left to be done: the detection, and a statement that it finds.
    filled = path.read_text(encoding="utf-8").replace('kind == "..."', 'kind == "drop_stmt"')
    path.write_text(filled, encoding="utf-8")
    monkeypatch.setattr(judge, "RULES", (*RULES, _loaded(path)))
    unsafe = unsafe.replace("SELECT 1", "DROP SEQUENCE numbers")
    for name, text in (("unsafe", unsafe), ("safe", safe)):
        (started.folder / "versions" / f"{name}.py").write_text(text, encoding="utf-8")
    findings = lint(configuration(project().at(started.folder), quiet=True)).findings
    [found] = [item for item in findings if item.revision != "start"]
    assert found.rule == NEW
    assert f"# lint: allow({NEW})" in found.fix

    again, *_ = begin(NEW)
    assert again.exit_code == 1
    assert "has been begun before: drop_what_tests_drop.py, unsafe_" in again.output


def _loaded(path):
    return runpy.run_path(str(path))[path.stem]


@pytest.mark.parametrize("name", ["drop-column", "Drop", "../drop", "drop_it"])
def test_a_name_that_is_taken_or_none_is_refused(begin, name):
    done, folder, _ = begin(name)
    assert done.exit_code == 1
    assert name in done.output
    assert list(folder.iterdir()) == []


def test_a_file_without_the_rule_of_its_name_is_told(monkeypatch):
    monkeypatch.setattr(rules, "__name__", "json")
    with pytest.raises(TypeError, match=r"rules/tool\.py declares no rule of the name tool"):
        rules._declared("tool")  # noqa: SLF001
