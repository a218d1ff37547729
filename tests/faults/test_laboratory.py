"""The fault laboratory works: short runs, with the faults that take the least time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pooler import needs_pooler

pytestmark = needs_pooler


def run(root: Path, *options: str) -> tuple[dict[str, Any], int]:
    """Run the laboratory; returns what it found, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--faults", "2", "--json", *options],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.returncode


def test_connections_are_reset_and_nobody_sees_it(root):
    # On a machine that is busy an operation may be slow; the exit code tells that, too.
    found, _ = run(root, "--only", "reset")
    assert found["faults"] == 2
    assert found["operations"] > 200
    assert found["control_failed"] > 0
    assert [found[name] for name in ("failed_reads", "failed_writes", "lost", "doubled")] == [0] * 4


def test_a_history_has_no_violation(root):
    found, code = run(root, "--history", "--operations", "1000")
    assert found["violated"] == {}
    assert found["operations"] >= 1000
    assert min(found[name] for name in ("faults", "nodes", "generations", "refused")) > 0
    assert code == 0


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ("nodes-after-the-end", "nothing_follows_the_end"),
        ("version-kept", "changes_are_counted"),
        ("keys-forgotten", "rows_are_made_once"),
    ],
)
def test_a_broken_service_is_noticed(root, broken, check):
    found, code = run(root, "--broken", broken, "--operations", "1000")
    assert found["violated"][check] > 0
    assert found["broken"] == broken
    assert code == 0, found
