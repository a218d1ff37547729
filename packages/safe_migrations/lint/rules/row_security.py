"""Row-level security that hides rows from running code.

Facts: PostgreSQL 18, 5.9 "Row Security Policies".
"""

import re
from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, kind_of, relation, sql_of
from safe_migrations.lint.rule import Facts, rule


def _open_first(situation: Situation, found: Facts) -> str:
    policy = f"CREATE POLICY everybody ON {fixes.name(found.table)} USING (true)"
    return (
        "# before it, until all running code is ready for narrower policies:\n"
        f"{fixes.execute(policy)}\n{fixes.execute(situation.statement.sql)}"
    )


@rule(
    "rows that running code can no longer see or write",
    why="It holds {for_whom}: without a policy that lets it, code that runs meanwhile sees no row "
    "of {table}, and its INSERTs fail.",
    cure=_open_first,
    breaks_release_before=True,
)
def row_security(situation: Situation) -> Iterator[Facts]:
    """Find tables that come under row-level security without a policy that lets all in."""
    for table, command in situation.commands(pg.AT_EnableRowSecurity, pg.AT_ForceRowSecurity):
        if not _is_open(situation, table):
            is_forced = command.subtype == pg.AT_ForceRowSecurity
            for_whom = "for the owner, too" if is_forced else "for all but the owner"
            yield Facts(table=table, for_whom=for_whom)


@row_security.also(
    why="With row-level security, code that runs meanwhile no longer sees all of its rows of "
    "{table}, or may not write them.",
    cure="# first release code that does without those rows, then:\n{allow} since release X",
)
def narrower(situation: Situation) -> Iterator[Facts]:
    """Find policies that let through fewer rows."""
    if situation.kind in {"create_policy_stmt", "alter_policy_stmt"}:
        table = relation(situation.node.table)
        is_wider = situation.kind == "create_policy_stmt" and situation.node.permissive
        if situation.is_in_use(table) and not is_wider:
            yield Facts(table=table)
    elif situation.kind == "drop_stmt" and situation.node.remove_type == pg.OBJECT_POLICY:
        for item in situation.node.objects:
            table, _, name = dotted(item).rpartition(".")
            if situation.is_in_use(table) and _is_missed(situation, table, name):
                yield Facts(table=table)


def _is_open(situation: Situation, table: str) -> bool:
    """Tell whether a policy lets everybody do everything, also one that the revision makes yet."""
    trees = [item.tree for item in situation.revision]
    trees += [item.tree for item in situation.catalog.dependents if item.kind == "policy"]
    policies = [
        tree.create_policy_stmt
        for tree in trees
        if tree is not None and kind_of(tree) == "create_policy_stmt"
        if relation(tree.create_policy_stmt.table) == table
    ]
    return all(item.permissive for item in policies) and any(map(_lets_all, policies))


def _lets_all(policy: Any) -> bool:
    checks = [policy.qual, *([policy.with_check] if policy.HasField("with_check") else [])]
    is_for_all = policy.cmd_name == "all" and any(
        role.role_spec.roletype == pg.ROLESPEC_PUBLIC for role in policy.roles
    )
    return is_for_all and all(
        kind_of(item) == "a_const" and item.a_const.boolval.boolval for item in checks
    )


def _is_missed(situation: Situation, table: str, name: str) -> bool:
    """Tell whether a policy that goes has let code see rows, and does not come back as it was."""
    known = next(
        (
            item
            for item in situation.catalog.dependents
            if (item.kind, item.table, item.name) == ("policy", table, name)
        ),
        None,
    )
    if known is None:
        return not situation.node.missing_ok
    if situation.is_new(known.made_in):
        return False
    if known.tree is None:
        return True
    policy = _written(known.tree)
    later = [item.tree for item in situation.later if item.tree is not None]
    is_made_again = any(_written(tree) == policy for tree in later)
    # Without a restrictive one, code sees more.
    return bool(known.tree.create_policy_stmt.permissive) and not is_made_again


def _written(tree: Any) -> str:
    """Write a statement without its casts and brackets, of which a database has more."""
    return re.sub(r"::[\w.]+|[()\s]", "", sql_of(tree))
