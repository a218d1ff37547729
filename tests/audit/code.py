"""bandit and semgrep on what is shipped, and semgrep on a control in which it must find all."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
ROOT = HERE.resolve().parents[1]

# ruff has the same rules (S101, S102, S104, S301, S311, S603, S608), with a reason at each place
# that it lets pass; bandit would want the reasons a second time. B403 and B404 are imports, of
# pickle and subprocess, which do nothing yet.
LEFT_TO_RUFF = ("B101", "B102", "B104", "B301", "B311", "B403", "B404", "B603", "B608")

RULES = HERE / "semgrep.yml"

# In an environment of its own, as it wants older versions of OpenTelemetry than the service.
SEMGREP = Path(f"{sys.prefix}-semgrep", "bin", "semgrep")


@dataclass(frozen=True, slots=True)
class Finding:
    """What semgrep found; `rule` is its name in semgrep.yml."""

    rule: str
    place: str
    message: str


def run() -> bool:
    """Tell whether bandit and semgrep find nothing; what they find is printed."""
    is_clean = _bandit()
    if not SEMGREP.exists():
        sys.stderr.write(f"{SEMGREP} is missing: `make audit` installs it.\n")
        return False
    return _semgrep_is_awake() and _semgrep() and is_clean


def _bandit() -> bool:
    command = (sys.executable, "-m", "bandit", "--quiet", "--recursive")
    skipped = ("--skip", ",".join(LEFT_TO_RUFF))
    shipped = ("packages", "service", "migrations", "wsgi.py")
    return not subprocess.run([*command, *skipped, *shipped], cwd=ROOT, check=False).returncode


def _semgrep() -> bool:
    shipped = ("packages", "service", "migrations", "wsgi.py", "Dockerfile", "docker-compose.yml")
    found = _find(ROOT, *shipped)
    for finding in found:
        sys.stdout.write(f"{finding.place}: {finding.rule}: {finding.message}\n")
    sys.stdout.write(f"semgrep finds {len(found) or 'nothing'} in what is shipped.\n")
    return not found


def _semgrep_is_awake() -> bool:
    """Tell whether each rule finds its one place in the control."""
    with TemporaryDirectory() as folder:
        # Elsewhere, because semgrep passes over folders with the name `tests`.
        shutil.copytree(HERE / "control", folder, dirs_exist_ok=True)
        found = Counter(finding.rule for finding in _find(Path(folder), "."))
    rules = [rule["id"] for rule in YAML(typ="safe").load(RULES)["rules"]]
    wrong = [f"{rule} {found[rule]} times" for rule in rules if found[rule] != 1]
    if wrong:
        sys.stdout.write(f"semgrep finds in the control, instead of once: {', '.join(wrong)}\n")
    else:
        sys.stdout.write(f"semgrep finds each of its {len(rules)} rules in the control.\n")
    return not wrong


def _find(folder: Path, *targets: str) -> list[Finding]:
    """Run all rules without a network; raises RuntimeError when a file can't be examined."""
    offline = ("--metrics", "off", "--disable-version-check", "--project-root", ".")
    result = subprocess.run(
        [SEMGREP, "scan", "--quiet", "--json", *offline, "--config", RULES.resolve(), *targets],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(result.stdout + result.stderr)
    document = json.loads(result.stdout)
    if document["errors"] or not document["paths"]["scanned"]:
        raise RuntimeError(result.stdout)
    return [_finding(item) for item in document["results"]]


def _finding(item: dict[str, Any]) -> Finding:
    # It puts the folders of its file before the name of a rule.
    rule = item["check_id"].rpartition(".")[2]
    return Finding(rule, f"{item['path']}:{item['start']['line']}", item["extra"]["message"])
