"""The fault laboratory works: a short run, with the faults that take the least time."""

import json
import subprocess
import sys

from tests.pooler import needs_pooler


@needs_pooler
def test_connections_are_reset_and_nobody_sees_it(root):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--only", "reset", "--faults", "2", "--json"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # On a machine that is busy an operation may be slow; the exit code tells that, too.
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == 2
    assert found["operations"] > 200
    assert found["control_failed"] > 0
    assert [found[name] for name in ("failed_reads", "failed_writes", "lost", "doubled")] == [0] * 4
