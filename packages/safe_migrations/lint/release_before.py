"""Which findings are about code of the release before, and the constant that answers them."""

import ast
from collections.abc import Iterable
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Finding
from safe_migrations.lint.names import kind_of

CONSTANT = "BREAKS_RELEASE_BEFORE"
_NARROWING = {pg.AT_AddConstraint, pg.AT_AlterColumnType, pg.AT_SetNotNull}
_MAY_BREAK = {
    "alter_domain_stmt",
    "create_function_stmt",
    "create_trig_stmt",
    "delete_stmt",
    "do_stmt",
    "merge_stmt",
    "rule_stmt",
    "truncate_stmt",
    "update_stmt",
    "view_stmt",
}


def declares(module: ast.Module) -> int:
    """Find the line in which a revision says that it breaks the release before; 0 if it does not.

    Then code of that release refuses to serve once the revision is applied.
    """
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names = {item.id for item in targets if isinstance(item, ast.Name)}
        value = getattr(node, "value", None)
        if CONSTANT in names and isinstance(value, ast.Constant) and value.value is True:
            return node.lineno
    return 0


def breaks(tree: Any, found: Iterable[Finding]) -> bool:
    """Tell whether a statement breaks the release before, by what was found or by what it may do.

    What lint can't judge are the rows that older code writes, where there are new constraints,
    triggers or types, and values that get another meaning.
    """
    if tree is None or any(item.breaks_release_before for item in found):
        return True
    kind = kind_of(tree)
    if kind == "alter_table_stmt":
        commands = [item.alter_table_cmd for item in tree.alter_table_stmt.cmds]
        return any(command.subtype in _NARROWING for command in commands)
    return kind in _MAY_BREAK or (kind == "index_stmt" and bool(tree.index_stmt.unique))
