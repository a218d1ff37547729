"""Rules on functions and types that running code names."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, kind_of, qualified, relation, strings

_ROUTINES = {
    pg.OBJECT_AGGREGATE,
    pg.OBJECT_FUNCTION,
    pg.OBJECT_PROCEDURE,
    pg.OBJECT_ROUTINE,
}
_TYPES = {pg.OBJECT_DOMAIN, pg.OBJECT_TYPE}


def drop_function(situation: Situation) -> Iterator[Problem]:
    """Find functions and procedures that go and don't come back in the same revision."""
    node = situation.node
    if situation.kind != "drop_stmt":
        return
    if node.remove_type == pg.OBJECT_EXTENSION and not node.missing_ok:
        names = [f"what {name} has made" for name in strings(node.objects)]
    elif node.remove_type in _ROUTINES:
        names = [name for item in node.objects if _is_missed(situation, name := dotted(item))]
    else:
        return
    if names and not (node.remove_type == pg.OBJECT_EXTENSION and node.behavior == pg.DROP_CASCADE):
        yield Problem(
            "drop-function",
            f"Code that runs meanwhile calls {' and '.join(names)} and fails.",
            "# first release code that no longer calls it, then:\n"
            + fixes.allow("drop-function", "last called in release X"),
        )


def _is_missed(situation: Situation, name: str) -> bool:
    known = situation.catalog.functions.get(name)
    if known is None:
        return not situation.node.missing_ok and name not in _made_later(situation)
    if all(item.is_trigger or situation.is_new(item.made_in) for item in known):
        return False
    return name not in _made_later(situation)


def _made_later(situation: Situation) -> set[str]:
    return {
        qualified(strings(item.tree.create_function_stmt.funcname))
        for item in situation.later
        if item.tree is not None and kind_of(item.tree) == "create_function_stmt"
    }


def rename_function(situation: Situation) -> Iterator[Problem]:
    """Find functions and procedures that get another name or schema."""
    node = situation.node
    is_renamed = situation.kind == "rename_stmt" and node.rename_type in _ROUTINES
    is_moved = situation.kind == "alter_object_schema_stmt" and node.object_type in _ROUTINES
    if not (is_renamed or is_moved):
        return
    name = dotted(node.object)
    known = situation.catalog.functions.get(name, ())
    is_uncalled = known and all(item.is_trigger or situation.is_new(item.made_in) for item in known)
    if not is_uncalled and name not in _made_later(situation):
        yield Problem(
            "rename-function",
            f"Code that runs meanwhile calls {name} and fails.",
            f"# put the new one beside it, of the same body; drop {name} a release after the last "
            "code that calls it",
        )


def rename_type(situation: Situation) -> Iterator[Problem]:
    """Find types that get another name or schema, and attributes that get another name or go."""
    name, what = _renamed(situation)
    catalog = situation.catalog
    if not name:
        return
    made_in = catalog.enums.get(name, catalog.types.get(name))
    if situation.is_new(made_in) or name in _types_made_later(situation):
        return
    yield Problem(
        "rename-type",
        f"Code that runs meanwhile names {what or name}, in casts and parameters, and fails.",
        "# keep the name, or first release code that does not say it, then:\n"
        + fixes.allow("rename-type", "no code names it since release X"),
    )


def _renamed(situation: Situation) -> tuple[str, str]:
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type in _TYPES:
        return dotted(node.object), ""
    if situation.kind == "alter_object_schema_stmt" and node.object_type in _TYPES:
        return dotted(node.object), ""
    if situation.kind == "rename_stmt" and node.rename_type == pg.OBJECT_ATTRIBUTE:
        name = relation(node.relation)
        return name, f"{name}.{node.subname}"
    if situation.kind == "alter_table_stmt" and node.objtype == pg.OBJECT_TYPE:
        name = relation(node.relation)
        for item in node.cmds:
            if item.alter_table_cmd.subtype == pg.AT_DropColumn:
                return name, f"{name}.{item.alter_table_cmd.name}"
    return "", ""


def _types_made_later(situation: Situation) -> set[str]:
    made = {
        "create_enum_stmt": lambda node: qualified(strings(node.type_name)),
        "create_domain_stmt": lambda node: qualified(strings(node.domainname)),
        "composite_type_stmt": lambda node: relation(node.typevar),
    }
    return {
        made[kind](getattr(item.tree, kind))
        for item in situation.later
        if item.tree is not None and (kind := kind_of(item.tree)) in made
    }


RULES = (drop_function, rename_function, rename_type)
