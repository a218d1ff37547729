"""What a revision's file says beside its statements: its imports and `# lint: allow` comments."""

import ast
import io
import re
import sys
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from safe_migrations.lint.finding import Finding
from safe_migrations.lint.release_before import CONSTANT, declares
from safe_migrations.lint.rules import BY_ID
from safe_migrations.statements import Remark

_ALLOW = re.compile(r"#\s*lint:\s*allow\(([^)]*)\)\s*(.*)")
# Made to be imported by revisions.
_ALLOWED = "safe_migrations.backfill"
# What is elsewhere is the application's own code.
_INSTALLED = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


@dataclass(frozen=True, slots=True)
class _Allowance:
    line: int
    rules: frozenset[str]
    reason: str


class Source:
    """The file of a revision."""

    def __init__(self, revision: str, path: Path) -> None:
        self._revision = revision
        self._text = path.read_text(encoding="utf-8", errors="replace")
        try:
            self._module = ast.parse(self._text)
        except (SyntaxError, ValueError):  # That it is no Python is said elsewhere.
            self._module = ast.Module([], [])
        self._lines = self._text.splitlines()
        self._allowances = list(self._find_allowances())

    def findings(self, remarks: Iterable[Remark]) -> Iterator[Finding]:
        """Turn remarks into findings."""
        for item in remarks:
            text = self._lines[item.line - 1].strip() if 0 < item.line <= len(self._lines) else ""
            yield BY_ID[item.rule].of_remark(item.why).at(self._revision, item.line, text)

    def imports(self) -> Iterator[Remark]:
        """Find imports of the application, whose present form an old revision must not rely on."""
        for node in ast.walk(self._module):
            for name in _imported(node):
                if _is_application(name):
                    yield Remark("application-import", getattr(node, "lineno", 0), name)

    def unneeded_break(self, *, is_broken: bool) -> Iterator[Remark]:
        """Find the constant that nothing in the revision asks for."""
        line = declares(self._module)
        if line and not is_broken:
            yield Remark("breaks-nothing", line, CONSTANT)

    def judge(self, finding: Finding) -> Finding | None:
        """Leave out a finding that a comment allows; one without a reason is told about.

        Those on the release before are answered where the revision says that it breaks it.
        """
        if finding.breaks_release_before and declares(self._module):
            return None
        for allowance in self._allowances:
            if finding.rule in allowance.rules and self._covers(allowance.line, finding.line):
                if allowance.reason:
                    return None
                said = f"{finding.why} (Line {allowance.line} allows it without a reason, which "
                finding = replace(finding, why=said + "does not count.)")
        return finding

    def _find_allowances(self) -> Iterator[_Allowance]:
        for token in self._tokens():
            if token.type == tokenize.COMMENT and (match := _ALLOW.match(token.string)):
                rules = frozenset(rule.strip() for rule in match[1].split(","))
                yield _Allowance(token.start[0], rules, match[2].strip())

    def _tokens(self) -> Iterator[tokenize.TokenInfo]:
        if "lint:" not in self._text:
            return
        with suppress(tokenize.TokenError, SyntaxError):
            yield from tokenize.generate_tokens(io.StringIO(self._text).readline)

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
    try:
        spec = None if top in sys.stdlib_module_names else find_spec(top)
    except (ImportError, ValueError):
        return False  # That it can't be imported is told by who tries.
    if spec is None:
        return False
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return not any(place.startswith(_INSTALLED) for place in places)
