"""Types that get another name or schema, and attributes that get another name or go."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, kind_of, qualified, relation, strings
from safe_migrations.lint.rule import Facts, rule

_TYPES = {pg.OBJECT_DOMAIN, pg.OBJECT_TYPE}


@rule(
    "a type that is renamed or moved to another schema, or an attribute of one that is "
    "renamed or dropped",
    why="Code that runs meanwhile names {what}, in casts and parameters, and fails.",
    cure="# keep the name, or first release code that does not say it, then:\n"
    "{allow} no code names it since release X",
    breaks_release_before=True,
)
def rename_type(situation: Situation) -> Iterator[Facts]:
    """Find types that are renamed or moved, and don't come back under their name."""
    name, what = _renamed(situation)
    if name:
        made_in = situation.catalog.enums.get(name, situation.catalog.types.get(name))
        if not situation.is_new(made_in) and name not in _types_made_later(situation):
            yield Facts(what=what or name)


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
