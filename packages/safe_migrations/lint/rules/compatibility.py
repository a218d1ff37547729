"""Rules on what running code still reads or writes: names, columns, tables."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, find, qualified, relation, strings
from safe_migrations.lint.twins import added_instead, created_instead

_RELATIONS = {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW, pg.OBJECT_VIEW}
_TYPES = {pg.OBJECT_TYPE, pg.OBJECT_DOMAIN}


def rename_column(situation: Situation) -> Iterator[Problem]:
    """Find columns that get another name."""
    node = situation.node
    if situation.kind != "rename_stmt" or node.rename_type != pg.OBJECT_COLUMN:
        return
    table = relation(node.relation)
    if table in situation.catalog.views:
        if situation.is_view_in_use(table):
            yield Problem(
                "rename-column",
                f"Code that runs meanwhile reads {table}.{node.subname} and fails.",
                f"# put {node.newname} beside it, as the last column, by CREATE OR REPLACE VIEW",
            )
    elif situation.is_in_use(table) and not situation.is_column_new(table, node.subname):
        column = situation.catalog.column(table, node.subname)
        type_ = f" of type {column.type.name}" if column else ""
        yield Problem(
            "rename-column",
            f"Code that runs meanwhile reads and writes {table}.{node.subname} and fails.",
            f"# add {node.newname}{type_} to {table}; write both in the code; then\n"
            "from safe_migrations.backfill import Backfill\n"
            f'Backfill(name="{table.replace(".", "_")}_{node.newname}", '
            f"table={fixes.quoted(table)}, "
            f"set={{{fixes.quoted(node.newname)}: {fixes.quoted(fixes.name(node.subname))}}}, "
            f"where={fixes.quoted(fixes.name(node.newname) + ' IS NULL')}).run(op)\n"
            f"# read {node.newname} in the code, and drop {node.subname} a release later",
        )


def rename_table(situation: Situation) -> Iterator[Problem]:
    """Find tables and views that get another name or schema."""
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type in _RELATIONS:
        kind, old = node.rename_type, relation(node.relation)
        new = qualified(filter(None, (old.rpartition(".")[0], node.newname)))
    elif situation.kind == "alter_object_schema_stmt" and node.object_type in _RELATIONS:
        kind, old = node.object_type, relation(node.relation)
        new = qualified((node.newschema, node.relation.relname))
    else:
        yield from _rename_schema(situation)
        return
    is_view = kind == pg.OBJECT_VIEW
    if situation.is_view_in_use(old) if is_view else situation.is_in_use(old):
        yield Problem(
            "rename-table",
            f"Code that runs meanwhile reads and writes {old} and fails.",
            "# keep the old name as a view, in the same transaction, until no code uses it:\n"
            f"{fixes.execute(situation.statement.sql)}\n"
            + fixes.execute(f"CREATE VIEW {fixes.name(old)} AS TABLE {fixes.name(new)}")
            + "\n"
            + fixes.allow("rename-table", f"the view {old} serves code up to release X"),
        )


def _rename_schema(situation: Situation) -> Iterator[Problem]:
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type == pg.OBJECT_SCHEMA:
        inside = [name for name in situation.catalog.tables if name.startswith(f"{node.subname}.")]
        if any(map(situation.is_in_use, inside)):
            yield Problem(
                "rename-table",
                f"Code that runs meanwhile reads and writes {' and '.join(inside)} and fails.",
                "# first release code that finds the tables by its search_path, then:\n"
                + fixes.allow("rename-table", "the search_path names both since release X"),
            )


def drop_column(situation: Situation) -> Iterator[Problem]:
    """Find columns that go, and those that look like they were renamed by drop and add."""
    yield from _drop_type(situation)
    for table, command in situation.commands(pg.AT_DropColumn):
        if situation.is_column_new(table, command.name):
            continue
        yield Problem(
            "drop-column",
            f"Code that runs meanwhile reads {table}.{command.name} and fails; the values are "
            "lost.",
            "# first release code that no longer reads it, then:\n"
            + fixes.allow("drop-column", "last read in release X"),
        )
        twin = added_instead(situation, table, command.name)
        if twin:
            yield Problem(
                "drop-and-add-is-rename",
                f"{table}.{twin} has the type of {command.name}, which is dropped: if this is a "
                "rename, all values are lost.",
                f"# keep {command.name} for now; after adding {twin}:\n"
                "from safe_migrations.backfill import Backfill\n"
                f'Backfill(name="{table.replace(".", "_")}_{twin}", table={fixes.quoted(table)}, '
                f"set={{{fixes.quoted(twin)}: {fixes.quoted(fixes.name(command.name))}}}, "
                f"where={fixes.quoted(fixes.name(twin) + ' IS NULL')}).run(op)",
            )


def _drop_type(situation: Situation) -> Iterator[Problem]:
    """Find types whose columns go with them."""
    node = situation.node
    if situation.kind != "drop_stmt" or node.behavior != pg.DROP_CASCADE:
        return
    if node.remove_type == pg.OBJECT_EXTENSION:
        names = strings(node.objects)
        yield Problem(
            "drop-column",
            f"With CASCADE all columns, indexes and views that use {' and '.join(names)} go, too: "
            "code that runs meanwhile reads them and fails; the values are lost.",
            "# without CASCADE Postgres refuses it, and names what is in the way:\n"
            + fixes.execute(f"DROP EXTENSION {', '.join(map(fixes.name, names))}"),
        )
    if node.remove_type not in _TYPES:
        return
    for name in map(dotted, node.objects):
        columns = [
            f"{table.name}.{column.name}"
            for table in situation.catalog.of_type(name)
            if situation.is_in_use(table.name)
            for column in table.columns.values()
            if column.type.name == name
        ]
        if columns:
            yield Problem(
                "drop-column",
                f"With CASCADE {', '.join(columns)} go, too: code that runs meanwhile reads them "
                "and fails; the values are lost.",
                "# first release code that no longer reads them, then:\n"
                + fixes.allow("drop-column", "last read in release X"),
            )


def drop_table(situation: Situation) -> Iterator[Problem]:
    """Find tables that go, and those that look like they were renamed by drop and create."""
    node = situation.node
    if situation.kind != "drop_stmt":
        return
    if node.remove_type == pg.OBJECT_SCHEMA and node.behavior == pg.DROP_CASCADE:
        names = [f"all tables of {dotted(item)}" for item in node.objects]
    elif node.remove_type in {pg.OBJECT_TABLE, pg.OBJECT_FOREIGN_TABLE}:
        names = [name for item in node.objects if situation.is_in_use(name := dotted(item))]
    else:
        yield from _drop_view(situation)
        return
    for name in names:
        yield Problem(
            "drop-table",
            f"Code that runs meanwhile uses {name} and fails; the rows are lost.",
            "# first release code that no longer uses it, then:\n"
            + fixes.allow("drop-table", "last used in release X"),
        )
        twin = created_instead(situation, name)
        if twin:
            yield Problem(
                "drop-and-add-is-rename",
                f"{twin} has the columns of {name}, which is dropped: if this is a rename, all "
                "rows are lost.",
                f"# keep {name} for now; write both in the code, copy its rows to {twin} in "
                "batches, and drop it a release after the last code that reads it",
            )


def _drop_view(situation: Situation) -> Iterator[Problem]:
    """Find views that go and don't come back in the same transaction."""
    node = situation.node
    is_in_use = {pg.OBJECT_VIEW: situation.is_view_in_use, pg.OBJECT_MATVIEW: situation.is_in_use}
    if node.remove_type not in is_in_use:
        return
    made = {
        relation(item)
        for statement in situation.revision
        if statement.tree is not None and statement.transaction == situation.statement.transaction
        for item in _made_views(statement.tree)
    }
    for name in map(dotted, node.objects):
        if is_in_use[node.remove_type](name) and name not in made:
            yield Problem(
                "drop-table",
                f"Code that runs meanwhile reads the view {name} and fails.",
                "# first release code that no longer reads it, then:\n"
                + fixes.allow("drop-table", "last read in release X"),
            )


def _made_views(tree: Any) -> list[Any]:
    views = [item.view for item in find(tree, pg.ViewStmt)]
    return views + [item.into.rel for item in find(tree, pg.CreateTableAsStmt)]


RULES = (
    rename_column,
    rename_table,
    drop_column,
    drop_table,
)
