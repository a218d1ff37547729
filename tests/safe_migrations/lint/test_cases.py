"""Every labelled revision of `cases/`: what lint finds is what a strict reviewer would."""

import re
import shutil
from pathlib import Path

import pytest

from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration
from safe_migrations.target import connected
from service.schema import project

CASES = Path(__file__).parent / "cases"
EXPECT = re.compile(r"^# expect: (.+)$", re.MULTILINE)
EXPECT_LIVE = re.compile(r"^# expect with a database: (.+)$", re.MULTILINE)


def _cases() -> list[Path]:
    return sorted(
        item
        for item in CASES.iterdir()
        if item.name.startswith(("safe_", "unsafe_")) and item.suffix in {".py", ""}
    )


def _files(case: Path) -> list[Path]:
    return [case] if case.is_file() else sorted(case.glob("*.py"))


def _labels(case: Path, *, live: bool = False) -> list[tuple[str, str, set[str]]]:
    """Read the labelled revisions: each with the one before it and the expected rules."""
    found = []
    for file in _files(case):
        text = file.read_text(encoding="utf-8")
        label = (live and EXPECT_LIVE.search(text)) or EXPECT.search(text)
        ids = dict(re.findall(r'^(revision|down_revision) = "(.+)"$', text, re.MULTILINE))
        if label:
            rules = set() if label[1] == "none" else set(label[1].split(", "))
            found.append((ids["down_revision"], ids["revision"], rules))
    return found


@pytest.fixture
def folder(tmp_path):
    """Make a folder of migrations with the base and a case."""

    def make(case: Path | None = None) -> str:
        versions = tmp_path / "versions"
        versions.mkdir()
        for file in (CASES / "_base.py", *(_files(case) if case else ())):
            shutil.copy(file, versions / file.name.lstrip("_"))
        return str(tmp_path)

    return make


def test_there_are_cases_for_most_rules():
    assert len(_cases()) >= 60


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.stem)
def test_from_the_files_alone(folder, case):
    config = configuration(project().at(folder(case)), quiet=True)
    for before, revision, expected in _labels(case):
        found = lint(config, f"{before}:{revision}")
        assert {item.rule for item in found.findings} == expected, found.findings
        assert not found.is_live


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.stem)
def test_with_the_catalog_of_a_database(folder, case, server, base_database):
    config = configuration(project().at(folder(case)), quiet=True)
    with connected(server.set(database=base_database), timeout_s=5) as connection:
        for before, revision, expected in _labels(case, live=True):
            found = lint(config, f"{before}:{revision}", connection)
            assert {item.rule for item in found.findings} == expected, found.findings
            assert found.is_live
