"""Rights that roles lose: on tables in use, on functions, by membership, with the role.

Facts: PostgreSQL 18, GRANT, REVOKE and ALTER TABLE.
"""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, kind_of, relation
from safe_migrations.lint.rule import Facts, rule

# What no application does with the tables that it reads and writes.
_HARMLESS = {"create", "maintain", "references", "temp", "temporary", "trigger"}
_FUNCTIONS = {pg.OBJECT_FUNCTION, pg.OBJECT_PROCEDURE, pg.OBJECT_ROUTINE}


@rule(
    "a privilege that a role loses on something in use",
    why="Code that runs meanwhile as a role that loses {what} fails.",
    cure="# first release code that does without, then:\n{allow} not used since release X",
    breaks_release_before=True,
)
def privilege_revoked(situation: Situation) -> Iterator[Facts]:
    """Find rights that roles lose."""
    what = _lost(situation)
    if what:
        yield Facts(what=what)


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
