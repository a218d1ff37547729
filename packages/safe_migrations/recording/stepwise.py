"""Runs a revision so that a statement which fails does not keep the next from running."""

import ast
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from typing_extensions import override

_FAILED = "__failed_here__"


def stepwise(
    module: ModuleType, name: str, path: Path, failed: Callable[[BaseException], None]
) -> Callable[[], None]:
    """Make a module's function again, together with the functions beside it.

    `failed` is called with the error of each statement, as often as it fails.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    functions = [item for item in tree.body if isinstance(item, ast.FunctionDef)]
    again = ast.Module([_Patient().visit(item) for item in functions], [])
    names: dict[str, Any] = {**vars(module), _FAILED: failed}
    # The revision's own code, as its import has run it before.
    exec(compile(ast.fix_missing_locations(again), str(path), "exec"), names)  # noqa: S102
    made: Callable[[], None] = names[name]
    return made


class _Patient(ast.NodeTransformer):
    """Puts each statement into a `try`; what stands in one already is its author's affair."""

    @override
    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("body", "orelse"):
            inside = getattr(node, field, None)
            if isinstance(inside, list) and inside and isinstance(inside[0], ast.stmt):
                setattr(node, field, [self._tried(item) for item in inside])
        return node

    def _tried(self, item: ast.stmt) -> ast.stmt:
        if isinstance(item, ast.Return | ast.Break | ast.Continue | ast.Pass | ast.Global):
            return item
        if not isinstance(item, ast.Try | ast.TryStar):
            self.generic_visit(item)
        if isinstance(item, ast.FunctionDef | ast.ClassDef):
            return item
        error = "__error__"
        call = ast.parse(f"{_FAILED}({error})").body
        handler = ast.ExceptHandler(ast.Name("BaseException", ast.Load()), error, call)
        wrapped = ast.Try([item], [handler], [], [])
        for part in (handler, *ast.walk(call[0])):
            ast.copy_location(part, item)
        return ast.copy_location(wrapped, item)
