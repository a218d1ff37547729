"""The README's example prints what the README says, where there is no service around it."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "packages" / "json_rows" / "README.md"
AND_NOTHING_ELSE = "import sys; assert 'service' not in sys.modules"


def test_the_example_prints_what_is_shown(tmp_path):
    code, output = re.findall(r"```(?:python)?\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{AND_NOTHING_ELSE}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (output, 0), done.stderr
