"""Tables and views that get another name or schema."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import qualified, relation
from safe_migrations.lint.rule import Facts, rule

_RELATIONS = {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW, pg.OBJECT_VIEW}


def _behind_a_view(situation: Situation, found: Facts) -> str:
    view = f"CREATE VIEW {fixes.name(found.old)} AS TABLE {fixes.name(found.new)}"
    reason = f"the view {found.old} serves code up to release X"
    return (
        "# keep the old name as a view, in the same transaction, until no code uses it:\n"
        f"{fixes.execute(situation.statement.sql)}\n{fixes.execute(view)}\n"
        + fixes.allow("rename-table", reason)
    )


@rule(
    "a table or view that is renamed or moved to another schema",
    why="Code that runs meanwhile reads and writes {old} and fails.",
    cure=_behind_a_view,
    breaks_release_before=True,
)
def rename_table(situation: Situation) -> Iterator[Facts]:
    """Find tables and views that get another name or schema."""
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type in _RELATIONS:
        kind, old = node.rename_type, relation(node.relation)
        new = qualified(filter(None, (old.rpartition(".")[0], node.newname)))
    elif situation.kind == "alter_object_schema_stmt" and node.object_type in _RELATIONS:
        kind, old = node.object_type, relation(node.relation)
        new = qualified((node.newschema, node.relation.relname))
    else:
        return
    is_view = kind == pg.OBJECT_VIEW
    if situation.is_view_in_use(old) if is_view else situation.is_in_use(old):
        yield Facts(old=old, new=new)


@rename_table.also(
    why="Code that runs meanwhile reads and writes {tables} and fails.",
    cure="# first release code that finds the tables by its search_path, then:\n"
    "{allow} the search_path names both since release X",
)
def with_their_schema(situation: Situation) -> Iterator[Facts]:
    """Find schemas with tables in use that get another name."""
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type == pg.OBJECT_SCHEMA:
        inside = [name for name in situation.catalog.tables if name.startswith(f"{node.subname}.")]
        if any(map(situation.is_in_use, inside)):
            yield Facts(tables=inside)
