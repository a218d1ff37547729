"""Rules on who may still read and write: row-level security, privileges, identity columns.

Facts: PostgreSQL 18, 5.9 "Row Security Policies", GRANT, REVOKE and ALTER TABLE.
"""

import re
from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, kind_of, relation, sql_of
from safe_migrations.lint.replay import definition

# What no application does with the tables that it reads and writes.
_HARMLESS = {"create", "maintain", "references", "temp", "temporary", "trigger"}
_FUNCTIONS = {pg.OBJECT_FUNCTION, pg.OBJECT_PROCEDURE, pg.OBJECT_ROUTINE}
_ALWAYS = ord("a")


def row_security(situation: Situation) -> Iterator[Problem]:
    """Find tables of which some rows are no longer seen, or may no longer be written."""
    for table, command in situation.commands(pg.AT_EnableRowSecurity, pg.AT_ForceRowSecurity):
        if not _is_open(situation, table):
            is_forced = command.subtype == pg.AT_ForceRowSecurity
            yield Problem(
                "row-security",
                f"It holds {'for the owner, too' if is_forced else 'for all but the owner'}: "
                f"without a policy that lets it, code that runs meanwhile sees no row of {table}, "
                "and its INSERTs fail.",
                "# before it, until all running code is ready for narrower policies:\n"
                + fixes.execute(f"CREATE POLICY everybody ON {fixes.name(table)} USING (true)")
                + "\n"
                + fixes.execute(situation.statement.sql),
            )
    if situation.kind in {"create_policy_stmt", "alter_policy_stmt"}:
        table = relation(situation.node.table)
        is_wider = situation.kind == "create_policy_stmt" and situation.node.permissive
        if situation.is_in_use(table) and not is_wider:
            yield _narrower(table)
    elif situation.kind == "drop_stmt" and situation.node.remove_type == pg.OBJECT_POLICY:
        for item in situation.node.objects:
            table, _, name = dotted(item).rpartition(".")
            if situation.is_in_use(table) and _is_missed(situation, table, name):
                yield _narrower(table)


def _narrower(table: str) -> Problem:
    return Problem(
        "row-security",
        f"With row-level security, code that runs meanwhile no longer sees all of its rows of "
        f"{table}, or may not write them.",
        "# first release code that does without those rows, then:\n"
        + fixes.allow("row-security", "since release X"),
    )


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


def privilege_revoked(situation: Situation) -> Iterator[Problem]:
    """Find rights that roles lose: on tables in use, on functions, by membership, with the role."""
    what = _lost(situation)
    if what:
        yield Problem(
            "privilege-revoked",
            f"Code that runs meanwhile as a role that loses {what} fails.",
            "# first release code that does without, then:\n"
            + fixes.allow("privilege-revoked", "not used since release X"),
        )


def _lost(situation: Situation) -> str:
    node = situation.node
    match situation.kind:
        case "grant_stmt" if not (node.is_grant or node.grant_option):
            return _revoked(situation)
        case "grant_role_stmt" if not node.is_grant:
            named = {item.def_elem.defname for item in node.opt}
            roles = " and ".join(item.access_priv.priv_name for item in node.granted_roles)
            return "" if named else f"the membership in {roles}"
        case "drop_role_stmt":
            return " and ".join(item.role_spec.rolename for item in node.roles)
        case "drop_owned_stmt":
            return "all that it owns and may do"
        case "alter_role_stmt":
            off = [
                item.def_elem.defname
                for item in node.options
                if item.def_elem.defname in {"canlogin", "bypassrls", "superuser"}
                and not item.def_elem.arg.boolean.boolval
            ]
            return " and ".join(name.upper() for name in off)
    owned = [table for table, _ in situation.commands(pg.AT_ChangeOwner)]
    return f"the ownership of {owned[0]}" if owned else ""


def _revoked(situation: Situation) -> str:
    """Name the rights that a REVOKE takes from what is in use; empty when there are none."""
    node = situation.node
    rights = {item.access_priv.priv_name for item in node.privileges}
    if rights and rights <= _HARMLESS:
        return ""
    names = [
        relation(item.range_var) if kind_of(item) == "range_var" else dotted(item)
        for item in node.objects
    ]
    if node.targtype == pg.ACL_TARGET_DEFAULTS:
        return ""
    if node.targtype == pg.ACL_TARGET_OBJECT and node.objtype == pg.OBJECT_TABLE:
        names = [name for name in names if situation.is_in_use(name)]
    elif node.targtype == pg.ACL_TARGET_OBJECT and node.objtype in _FUNCTIONS:
        names = [name for name in names if not _is_function_new(situation, name)]
    said = ", ".join(sorted(rights)).upper() or "all rights"
    return f"{said} on {' and '.join(names)}" if names else ""


def _is_function_new(situation: Situation, name: str) -> bool:
    known = situation.catalog.functions.get(name, ())
    return bool(known) and all(situation.is_new(item.made_in) for item in known)


def identity_always(situation: Situation) -> Iterator[Problem]:
    """Find columns for which INSERTs may no longer bring a value of their own."""
    for table, command in situation.commands(pg.AT_AddIdentity, pg.AT_SetIdentity):
        if situation.is_column_new(table, command.name) or not _is_always(command):
            continue
        again = f"ALTER TABLE {fixes.name(table)} ALTER COLUMN {fixes.name(command.name)} "
        by_default = "SET GENERATED BY DEFAULT"
        if command.subtype == pg.AT_AddIdentity:
            by_default = "ADD GENERATED BY DEFAULT AS IDENTITY"
        yield Problem(
            "identity-always",
            f"INSERTs of the release before that bring a value for {table}.{command.name} fail.",
            fixes.execute(again + by_default),
        )


def _is_always(command: Any) -> bool:
    if command.subtype == pg.AT_AddIdentity:
        return bool(definition(command).generated_when == "a")
    return any(
        item.def_elem.defname == "generated" and item.def_elem.arg.integer.ival == _ALWAYS
        for item in definition(command).items
    )


RULES = (row_security, privilege_revoked, identity_always)
