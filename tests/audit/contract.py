"""Schemathesis: thousands of requests made out of the OpenAPI document, and every answer checked.

All checks of Schemathesis, over several seeds. schemathesis.toml and hooks.py say, with a reason
each, what the document can't.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .service import Audited

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run(service: Audited, seeds: list[int], examples: int) -> bool:
    """Tell whether no answer broke the contract; what broke it is printed."""
    is_kept = True
    total = 0
    for seed in seeds:
        with TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            result = subprocess.run(
                [
                    *(Path(sys.executable).with_name("schemathesis"), "--no-color"),
                    *("--config-file", HERE / "schemathesis.toml", "run"),
                    *("--checks", "all", "--seed", str(seed), "--max-examples", str(examples)),
                    *("--continue-on-failure", "--output-sanitize", "false"),
                    *("--warnings", "off", "--report-json-path", report),
                    f"{service.url}/openapi.json",
                ],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                check=False,
                capture_output=True,
                text=True,
            )
            if result.returncode:
                is_kept = False
                sys.stdout.write(result.stdout + result.stderr)
            if report.exists():
                cases = json.loads(report.read_text())["test_cases"]
                total += cases["generated"]
                sys.stdout.write(f"Seed {seed}: {cases}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{total} requests over {len(seeds)} seeds\n")
    return is_kept
