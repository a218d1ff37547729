"""What `flask db lint` finds in revisions with known verdicts, next to squawk and alembic-guard.

    python benchmarks/lint.py [--only ours|squawk|alembic-guard] [--chain 60]

The revisions are those of tests/safe_migrations/lint/cases, whose README tells how the verdicts
came about.
No database is used: each linter sees the revision, or its SQL. The peers' programs are found beside
this interpreter or on PATH.
"""

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from safe_migrations.runner import run  # noqa: E402  found only now
from service.schema import project  # noqa: E402

CASES = ROOT / "tests" / "safe_migrations" / "lint" / "cases"
# Matters of taste, and timeouts, which env.py sets.
SQUAWK_EXCLUDED = (
    "prefer-robust-stmts,prefer-bigint-over-int,prefer-bigint-over-smallint,"
    "prefer-identity,prefer-text-field,prefer-timestamp-tz,ban-char-field,identifier-too-long,"
    "require-timeout-settings,require-enum-value-ordering"
)
LINK = '''"""Add a column."""

import sqlalchemy as sa
from alembic import op

revision = "link{number}"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trips", sa.Column("extra_{number}", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("trips", "extra_{number}")
'''


@dataclass(frozen=True, slots=True)
class Case:
    """Revisions in their order, each with the rules that a strict reviewer would name."""

    name: str
    files: tuple[Path, ...]
    expected: frozenset[str]
    revisions: tuple[tuple[str, str], ...]
    """Of the files under test: the revision before each, and its own id."""
    is_allowed: bool
    """Whether a comment of ours silences a finding; the peers have their own form of it."""


Linter = Callable[[Case, Path], tuple[frozenset[str], float]]
"""Returns the rules found and the seconds taken; the folder holds the case's revisions."""


def cases() -> Iterator[Case]:
    """Read the set."""
    for path in sorted(CASES.glob("*safe_*")):
        files = tuple(sorted(path.glob("*.py"))) if path.is_dir() else (path,)
        expected: set[str] = set()
        revisions = []
        for file in files:
            text = file.read_text(encoding="utf-8")
            verdict = re.search(r"^# expect: (.+)$", text, re.MULTILINE)
            if verdict:
                expected |= set(verdict[1].split(", ")) - {"none"}
                revisions.append((_constant("down_revision", text), _constant("revision", text)))
        is_allowed = any("# lint: allow(" in file.read_text(encoding="utf-8") for file in files)
        yield Case(path.stem, files, frozenset(expected), tuple(revisions), is_allowed)


def _constant(name: str, text: str) -> str:
    found = re.search(rf'^{name} = "(\w+)"$', text, re.MULTILINE)
    return found[1] if found else ""


@contextmanager
def folder_of(files: tuple[Path, ...]) -> Iterator[Path]:
    """Make a folder of migrations out of files, for a while."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "versions").mkdir()
        shutil.copy(ROOT / "migrations" / "env.py", folder)
        for file in (CASES / "_base.py", *files):
            shutil.copy(file, folder / "versions")
        yield folder


def lint_with_ours(case: Case, folder: Path) -> tuple[frozenset[str], float]:
    """Run the whole command in a process of its own."""
    # What comes before has been applied: the tables that it made may be large by now.
    document, seconds = ours(folder, f"{case.revisions[0][0]}:{case.revisions[-1][1]}")
    tested = {revision for _, revision in case.revisions}
    found = {f["rule"] for f in document["findings"] if f["revision"] in tested}
    return frozenset(found), seconds


def ours(folder: Path, revisions: str) -> tuple[Any, float]:
    """Run `flask db lint --static`; return its document and its seconds."""
    command = [program("flask"), "db", "lint", "--static", "--json", "-d", str(folder), revisions]
    output, seconds = timed(command)
    try:
        document = json.loads(output)
    except ValueError:
        sys.exit("flask db lint gave no JSON.")
    if "findings" not in document:
        sys.exit(f"flask db lint: {document['error']['message']}")
    return document, seconds


def lint_with_squawk(case: Case, folder: Path) -> tuple[frozenset[str], float]:
    """Give it each revision's --sql, with BEGIN and COMMIT, without Alembic's own table.

    A revision that needs a connection can't be written as SQL: nothing is found in it.
    """
    sql = ""
    for before, revision in case.revisions:
        written = io.StringIO()
        try:
            with redirect_stdout(written):
                run(
                    project().at(folder),
                    "upgrade",
                    f"{before}:{revision}",
                    quiet=True,
                    sql=True,
                )
        except Exception:  # noqa: BLE001  whatever a revision does to a connection that is None
            return frozenset({}), 0.0
        sql += re.sub(r"^.*\balembic_version\b.*$", "", written.getvalue(), flags=re.MULTILINE)
    file = folder / f"{case.name}.sql"
    file.write_text(sql, encoding="utf-8")
    command = [program("squawk"), "--reporter=json", "--pg-version=18.0"]
    output, seconds = timed([*command, f"--exclude={SQUAWK_EXCLUDED}", str(file)])
    return frozenset(found["rule_name"] for found in json.loads(output)), seconds


def lint_with_alembic_guard(case: Case, folder: Path) -> tuple[frozenset[str], float]:
    """Give it the files under test, as its README shows."""
    tested = [str(folder / "versions" / file.name) for file in case.files]
    command = [program("alembic-guard"), "--format", "json", *tested]
    output, seconds = timed(command)
    document = json.loads(output)
    findings = document["findings"] if isinstance(document, dict) else document
    return frozenset(found.get("rule") or found.get("code") for found in findings), seconds


def program(name: str) -> str:
    """Find a program beside this interpreter or on PATH; ends the process if there is none."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = shutil.which(name, path=beside)
    return found or sys.exit(f"{name} is not installed: it is in the group bench.")


def timed(command: list[str]) -> tuple[str, float]:
    """Run a command to its end; return its standard output and its seconds."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout, time.perf_counter() - began


LINTERS: dict[str, Linter] = {
    "ours": lint_with_ours,
    "squawk": lint_with_squawk,
    "alembic-guard": lint_with_alembic_guard,
}


def measure(name: str, chosen: list[Case]) -> None:
    """Print a row of the table, then what the linter got wrong."""
    seconds = 0.0
    missed, flagged, inexact = [], [], []
    for case in chosen:
        with folder_of(case.files) as folder:
            found, took = LINTERS[name](case, folder)
        seconds += took
        if case.expected and not found:
            missed.append(case.name)
        elif found and not case.expected:
            flagged.append(f"{case.name} ({', '.join(sorted(found))})")
        elif name == "ours" and found != case.expected:
            inexact.append(f"{case.name} ({', '.join(sorted(found)) or 'nothing'})")
    unsafe = sum(bool(case.expected) for case in chosen)
    caught, safe = unsafe - len(missed), len(chosen) - unsafe
    print(f"| {name} | {caught} of {unsafe} | {len(flagged)} of {safe} | {seconds:.2f} |")
    for title, names in (("missed", missed), ("flagged", flagged), ("other rules", inexact)):
        for wrong in names:
            print(f"    {title}: {wrong}", file=sys.stderr)


def measure_chain(length: int) -> None:
    """Lint revisions that follow one another, in one process."""
    with folder_of(()) as folder:
        after = "start"
        for number in range(length):
            text = LINK.format(number=number, after=after)
            after = f"link{number}"
            (folder / "versions" / f"{after}.py").write_text(text, encoding="utf-8")
        _, seconds = ours(folder, f"start:{after}")
    print(f"a chain of {length} revisions, linted by ours in one process: {seconds:.2f} s")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=LINTERS, action="append")
    parser.add_argument("--chain", type=int, default=60, help="0 leaves it out")
    options = parser.parse_args()
    chosen = list(cases())
    linters = options.only or list(LINTERS)
    print("| | unsafe caught | safe flagged | seconds, all processes |\n|---|---|---|---|")
    for name in linters:
        measure(name, [case for case in chosen if name == "ours" or not case.is_allowed])
    if options.chain and "ours" in linters:
        measure_chain(options.chain)


if __name__ == "__main__":
    main()
