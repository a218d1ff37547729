"""Where an older program's tables stand in a database, and whether they can be adopted there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import extensions
from sqlalchemy import MetaData, PrimaryKeyConstraint, UniqueConstraint

from plain_commands.errors import ConfigurationError, ConflictError, InvalidInputError
from safe_migrations.adoption.takeover import OldTables, Takeover, opening

_SHOWN = 5

# Those that an unqualified name leads to come first.
_TABLES = """
    SELECT n.nspname, c.oid, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                          WHEN 'f' THEN 'foreign table' END,
           coalesce(array_position(current_schemas(false), n.nspname), 1000),
           (SELECT json_object_agg(attname, format_type(atttypid, atttypmod)) FROM pg_attribute
            WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relname = ANY(%s) AND relkind = ANY('{r,p,v,m,f}')
    AND nspname NOT LIKE 'pg\\_%%' AND nspname NOT IN ('information_schema', %s)
    ORDER BY 6, 1, array_position(%s, relname::text)
"""
_BESIDE = """
    SELECT c.oid, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = %s AND relname = ANY(%s) AND relkind = 'r' ORDER BY relname
"""
# Indexes go with their tables. A table is a type of its name, too.
_TAKEN = """
    SELECT quote_ident(relname) AS name,
           CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN
           'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' WHEN 'i' THEN 'INDEX'
           ELSE 'TABLE' END
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
    AND relname = ANY(%(names)s) AND c.oid <> ALL(%(oids)s::oid[])
    AND coalesce(indrelid <> ALL(%(oids)s::oid[]), true)
    UNION SELECT quote_ident(typname), 'TYPE' FROM pg_type
    WHERE typnamespace = to_regnamespace(quote_ident(current_schema()))
    AND typname = ANY(%(names)s) AND typrelid = 0
    ORDER BY 1
"""
_RIGHTS = """
    SELECT current_user, quote_ident(current_user), quote_ident(current_database()),
           has_database_privilege(current_database(), 'CREATE'),
           quote_ident(current_schema()), has_schema_privilege(current_schema(), 'CREATE'),
           EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)
"""
_VERSIONED = "SELECT coalesce(to_regclass('alembic_version')::oid <> ALL(%s::oid[]), false)"
_OWNERS = """
    SELECT oid::regclass::text, quote_ident(pg_get_userbyid(relowner)) FROM pg_class
    WHERE oid = ANY(%s::oid[]) AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class InPlace:
    """An older program's tables, as they stand in a schema of the database.

    `tables` and `beside` are names as `public.users`, and `oids` those of all of them; `beside` are
    the tables of somebody's schema commands that go aside, too. `target` is where new ones go, and
    `is_versioned` tells that its table of revisions stays, as it tells of other tables.
    """

    schema: str
    target: str
    old: OldTables
    tables: tuple[str, ...]
    beside: tuple[str, ...]
    oids: tuple[int, ...]
    is_versioned: bool

    @property
    def moved(self) -> tuple[str, ...]:
        """All that is moved aside."""
        return (*self.tables, *self.beside)


def find(cursor: extensions.cursor, takeover: Takeover) -> InPlace | None:
    """Find the tables that can be adopted; None where there is none of the older program's.

    Raises PlainError, with the way out, for tables that can't be adopted.
    """
    names = list(takeover.tables)
    cursor.execute(_TABLES, (names, takeover.schema, names))
    schemas: dict[str, list[Any]] = {}
    for row in cursor.fetchall():
        schemas.setdefault(row[0], []).append(row)
    found = _chosen(takeover, schemas)
    if found is None:
        return None
    schema, old = found
    rows = [row for row in schemas[schema] if row[2] in old.tables]
    _check_whole(takeover, old, rows)
    cursor.execute(_BESIDE, (schema, list(takeover.tools)))
    beside = cursor.fetchall()
    oids = [row[1] for row in rows] + [row[0] for row in beside]
    target = _check_rights(cursor, takeover, oids)
    cursor.execute(_VERSIONED, (oids,))
    (is_versioned,) = cursor.fetchone() or (False,)
    if not is_versioned:
        # Else the service's own tables may be there already.
        _check_names(cursor, takeover, target, oids)
    return InPlace(
        schema,
        target,
        old,
        tuple(row[3] for row in rows),
        tuple(row[2] for row in beside),
        tuple(oids),
        bool(is_versioned),
    )


def _chosen(takeover: Takeover, schemas: dict[str, list[Any]]) -> tuple[str, OldTables] | None:
    """Choose the schema: the first on the search path, or else the only one that has them all."""
    elsewhere = []
    for schema, rows in schemas.items():
        columns = {name: {} for name in takeover.tables} | {row[2]: row[6] or {} for row in rows}
        old = takeover.recognise(columns)
        if old is None:
            continue
        if rows[0][5] < 1000:  # noqa: PLR2004  as in _TABLES
            return schema, old
        if not old.missing:
            elsewhere.append((schema, old))
    if len(elsewhere) > 1:
        message = (
            f"{opening(takeover.older)}'s tables are in several schemas "
            f"({_listed([s for s, _ in elsewhere])}) and in none of the search path: add "
            "`?options=-csearch_path%3D...` to DIRECT_DATABASE_URL with the one to adopt."
        )
        raise ConfigurationError(message)
    return elsewhere[0] if elsewhere else None


def _check_whole(takeover: Takeover, old: OldTables, rows: list[Any]) -> None:
    views = [f"{row[3]} is a {row[4]}" for row in rows if row[4]]
    if views:
        message = (
            f"{_listed(views)}, and only tables can be moved aside; nothing was changed. Bring the "
            f"rows into another database instead: `{takeover.bring}` with this one's URL reads "
            "views as well."
        )
        raise InvalidInputError(message)
    if old.missing:
        verb = "are" if len(old.missing) > 1 else "is"
        have = ", ".join(row[3] for row in rows)
        message = (
            f"{have} look{'s' if len(rows) == 1 else ''} like {takeover.older}'s, but "
            f"{_listed(old.missing)} {verb} missing; nothing was changed. Restore what is "
            "missing, or rename it back; if these tables are somebody else's, give the service a "
            "database of its own."
        )
        raise InvalidInputError(message)


def _check_rights(cursor: extensions.cursor, takeover: Takeover, oids: Sequence[int]) -> str:
    """Raise unless the role may do it; return the schema into which new tables go."""
    schema = takeover.schema
    cursor.execute(_RIGHTS, (schema,))
    rights: Any = cursor.fetchone()
    user, role, database, may_make_schemas, target, may_make_tables, is_taken = rights
    if is_taken:
        message = (
            f"The schema {schema}, into which the old tables would be moved, is there already and "
            f"somebody else's; nothing was changed. Rename it: ALTER SCHEMA {schema} RENAME TO "
            f"{schema}_of_others."
        )
        raise ConflictError(message)
    cursor.execute(_OWNERS, (list(oids),))
    mends, others = [], cursor.fetchall()
    if others:
        owners = _listed(sorted({owner for _, owner in others}))
        mends.append(
            f"the table{'s' * (len(others) > 1)} {_listed([table for table, _ in others])} "
            f"belong{'s' * (len(others) == 1)} to {owners}: connect as that role, or let it run "
            + "; ".join(f"ALTER TABLE {table} OWNER TO {role}" for table, _ in others)
        )
    if not may_make_schemas:
        mends.append(
            f"it may not create a schema: let the owner of the database run GRANT CREATE ON "
            f"DATABASE {database} TO {role}"
        )
    if target is None:
        mends.append("its search_path leads to no schema: ALTER ROLE ... SET search_path = public")
    elif not may_make_tables:
        mends.append(
            f"it may not create tables in {target}: let its owner run GRANT CREATE ON SCHEMA "
            f"{target} TO {role}"
        )
    if mends:
        said = ". And ".join(mends)
        message = (
            f"The role {user} can't move the old tables aside; nothing was changed. "
            f"{said[0].upper()}{said[1:]}."
        )
        raise ConfigurationError(message)
    return str(target)


def _own_names(metadata: MetaData) -> list[str]:
    """Name all that the service's own tables need a name for."""
    tables = metadata.sorted_tables
    found: list[str | None] = [table.name for table in tables]
    for table in tables:
        found += [index.name for index in table.indexes]
        found += [
            str(item.name)
            for item in table.constraints
            if isinstance(item, PrimaryKeyConstraint | UniqueConstraint)
        ]
    return [name for name in found if name]


def _check_names(
    cursor: extensions.cursor, takeover: Takeover, target: str, oids: Sequence[int]
) -> None:
    names = _own_names(takeover.metadata)
    cursor.execute(_TAKEN, {"names": names, "oids": list(oids)})
    taken = [(f"{target}.{name}", kind) for name, kind in cursor.fetchall()]
    if taken:
        are_several = len(taken) > 1
        renames = "; ".join(f"ALTER {kind} {name} RENAME TO ..." for name, kind in taken)
        message = (
            f"The service needs the name{'s' if are_several else ''} "
            f"{_listed([name for name, _ in taken])}, which {'are' if are_several else 'is'} "
            f"somebody else's; nothing was changed. Rename {'them' if are_several else 'it'} "
            f"({renames}), or bring {takeover.older}'s rows into a database of the service's own: "
            f"`{takeover.bring}` with this one's URL."
        )
        raise ConflictError(message)


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    shown = [*names[:_SHOWN], *more]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
