"""What a revision's file says beside its statements: its imports and `# lint: allow` comments."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from service.schema.lint.finding import Finding
from service.schema.lint.release_before import COMPATIBILITY, CONSTANT, UNNEEDED, declares
from service.settings import ROOT

_ALLOW = re.compile(r"#\s*lint:\s*allow\(([^)]*)\)\s*(.*)")
# Made to be imported by revisions.
_ALLOWED = "service.schema.backfill"


@dataclass(frozen=True, slots=True)
class _Allowance:
    line: int
    rules: frozenset[str]
    reason: str


class Source:
    """The file of a revision."""

    def __init__(self, revision: str, path: Path) -> None:
        self._revision = revision
        self._text = path.read_text(encoding="utf-8")
        self._module = ast.parse(self._text)
        self._lines = self._text.splitlines()
        self._allowances = list(self._find_allowances())

    def import_findings(self) -> Iterator[Finding]:
        """Find imports of the application, whose present form an old revision must not rely on."""
        for node in ast.walk(self._module):
            for name in _imported(node):
                if _is_application(name):
                    line = getattr(node, "lineno", 0)
                    yield Finding(
                        self._revision,
                        "application-import",
                        line,
                        self._lines[line - 1].strip(),
                        f"{name} goes on changing, and this revision must do the same for ever: on "
                        "a new database it fails once the code has moved on.",
                        'sa.table("TABLE", sa.column("COLUMN", sa.Text()))  # what it needs, here',
                    )

    def unneeded_break(self, *, is_broken: bool) -> Iterator[Finding]:
        """Find the constant that nothing in the revision asks for."""
        line = declares(self._module)
        if line and not is_broken:
            yield Finding(
                self._revision,
                UNNEEDED,
                line,
                self._lines[line - 1].strip(),
                f"With {CONSTANT} code of the release before refuses to serve, and nothing that "
                "lint sees in the revision would break it.",
                "# leave it out; or, if it is the meaning of the data that breaks it:\n"
                f"# lint: allow({UNNEEDED}) what older code would do wrong",
            )

    def judge(self, finding: Finding) -> Finding | None:
        """Leave out a finding that a comment allows; one without a reason is told about.

        Those on the release before are answered where the revision says that it breaks it.
        """
        if finding.rule in COMPATIBILITY and declares(self._module):
            return None
        for allowance in self._allowances:
            if finding.rule in allowance.rules and self._covers(allowance.line, finding.line):
                if allowance.reason:
                    return None
                said = f"{finding.why} (Line {allowance.line} allows it without a reason, which "
                finding = replace(finding, why=said + "does not count.)")
        return finding

    def _find_allowances(self) -> Iterator[_Allowance]:
        for token in tokenize.generate_tokens(io.StringIO(self._text).readline):
            if token.type == tokenize.COMMENT and (match := _ALLOW.match(token.string)):
                rules = frozenset(rule.strip() for rule in match[1].split(","))
                yield _Allowance(token.start[0], rules, match[2].strip())

    def _covers(self, allowed: int, line: int) -> bool:
        if not self._is_inside_function(allowed):
            return True
        start, end = self._span(line)
        while start > 1 and self._lines[start - 2].lstrip().startswith("#"):
            start -= 1
        return start <= allowed <= end

    def _is_inside_function(self, line: int) -> bool:
        return any(
            node.lineno <= line <= (node.end_lineno or line)
            for node in self._module.body
            if isinstance(node, ast.FunctionDef)
        )

    def _span(self, line: int) -> tuple[int, int]:
        """Find the first and last line of the simple statement on a line."""
        spans = [
            (node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(self._module)
            if isinstance(node, ast.stmt)
            and not hasattr(node, "body")
            and node.lineno <= line <= (node.end_lineno or node.lineno)
        ]
        return max(spans, default=(line, line))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return ["." * node.level + (node.module or "")]
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return [] if all(name.startswith(_ALLOWED) for name in names) else [node.module or ""]
    return []


def _is_application(name: str) -> bool:
    if name.startswith("."):
        return True
    if name == _ALLOWED or name.startswith(f"{_ALLOWED}."):
        return False
    top = name.partition(".")[0]
    return (ROOT / top).is_dir() or (ROOT / f"{top}.py").is_file()
