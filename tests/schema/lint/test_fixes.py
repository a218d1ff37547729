"""The code that findings recommend runs, and lint finds nothing in it."""

import re
from pathlib import Path

import pytest

from service.schema.lint.fixes import NEXT
from service.schema.lint.run import lint
from service.schema.runner import configuration
from service.schema.target import connected

CASES = Path(__file__).parent / "cases"
# Those whose way out is a release of other code, or a decision, and not only a revision.
NOT_CODE = {
    "application-import",
    "drop-column",
    "drop-table",
    "enum-recreated",
    "exclude-builds-index",
    "lock-table",
    "not-analysable",
    "plain-json",
    "rename-column",
    "rename-table",
    "drop-and-add-is-rename",
    "enum-value-used-in-transaction",
    "truncate",
    "several-tables-locked",
    "type-change-rewrites",
    "validate-in-same-transaction",
}
# A partitioned table wants a statement for each partition, a table without a key one to walk by.
NEEDS_MORE = ("_partitioned", "_imported_rows")


def _cases():
    for file in sorted(CASES.glob("unsafe_*.py")):
        rules = re.findall(r"^# expect: ([^,\n]+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        is_code = rules and rules[0] not in NOT_CODE
        if is_code and not file.stem.endswith(NEEDS_MORE):
            yield pytest.param(file, id=file.stem)


@pytest.mark.parametrize("case", list(_cases()))
def test_what_is_recommended_runs_and_is_safe(started_database, case):
    started = started_database
    target = started.folder / "versions" / "case.py"
    target.write_text(case.read_text(encoding="utf-8"), encoding="utf-8")
    config = configuration(str(started.folder), quiet=True)
    [finding] = [item for item in lint(config).findings if item.revision != "start"]
    target.unlink()
    for number, code in enumerate(finding.fix.split(f"\n{NEXT}\n")):
        started.write(f"fix{number}", f"{code}\npass")
    assert lint(config, "start:").findings == ()
    started.run("upgrade", "head")


def test_postgres_18_has_a_shorter_way_to_not_null(started_database):
    started = started_database
    started.write("unsafe", 'op.alter_column("bookings", "user_id", nullable=False)')
    config = configuration(str(started.folder), quiet=True)
    with connected(started.url, timeout_s=5) as connection:
        [finding] = lint(config, None, connection).findings
    (started.folder / "versions" / "unsafe.py").unlink()
    started.last = "start"
    steps = finding.fix.split(f"\n{NEXT}\n")
    assert "NOT NULL user_id NOT VALID" in steps[0]
    for number, code in enumerate(steps):
        started.write(f"fix{number}", code)
    assert lint(config, "start:").findings == ()
    started.run("upgrade", "head")
