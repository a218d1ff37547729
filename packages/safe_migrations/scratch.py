"""Scratch databases, in which revisions show what schema they make, and what that is made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import URL, Connection, create_engine, pool
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError
from safe_migrations.project import Project
from safe_migrations.runner import run
from safe_migrations.tool_tables import TOOL_TABLES

# What a schema is made of, each as a name and the server's own definition of it.
_CATALOG = """
    WITH own AS (
        SELECT c.oid, c.relname, c.relkind FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT IN %(tools)s
    )
    SELECT 'column ' || o.relname || '.' || a.attname, concat_ws(' ',
           format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
           a.attidentity, a.attgenerated, a.attcollation::regcollation,
           pg_get_expr(d.adbin, d.adrelid), 'comment ' || col_description(o.oid, a.attnum))
    FROM own o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
    WHERE o.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'table ' || o.relname, concat_ws(' ', c.relpersistence, c.reloptions,
           c.relrowsecurity, c.relforcerowsecurity, pg_get_partkeydef(o.oid),
           pg_get_expr(c.relpartbound, o.oid), 'comment ' || obj_description(o.oid, 'pg_class'))
    FROM own o JOIN pg_class c ON c.oid = o.oid WHERE o.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'constraint ' || o.relname || '.' || k.conname,
           concat_ws(' ', pg_get_constraintdef(k.oid), 'comment ' || obj_description(k.oid))
    FROM pg_constraint k JOIN own o ON o.oid = k.conrelid
    UNION ALL
    SELECT 'index ' || i.relname, concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisvalid,
           'comment ' || obj_description(i.oid, 'pg_class'))
    FROM pg_index x JOIN own o ON o.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT 'view ' || relname, pg_get_viewdef(oid) FROM own WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT 'sequence ' || o.relname, concat_ws(' ', s.seqtypid::regtype, s.seqstart,
           s.seqincrement, s.seqmin, s.seqmax, s.seqcycle)
    FROM own o JOIN pg_sequence s ON s.seqrelid = o.oid
    UNION ALL
    SELECT 'trigger ' || o.relname || '.' || t.tgname,
           concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN own o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'policy ' || o.relname || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
           p.polroles::regrole[], pg_get_expr(p.polqual, o.oid), pg_get_expr(p.polwithcheck, o.oid))
    FROM pg_policy p JOIN own o ON o.oid = p.polrelid
    UNION ALL
    SELECT 'statistics ' || stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL
    SELECT 'type ' || t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod),
           (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum
            WHERE enumtypid = t.oid))
    FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
    UNION ALL
    SELECT 'extension ' || extname, extversion FROM pg_extension
    UNION ALL
    SELECT 'schema ' || nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_'
"""


@contextmanager
def scratch(server: URL, why: str) -> Iterator[URL]:
    """Make an empty database on a server, and drop it at the end.

    Raises ConfigurationError, which begins with `why` there is to be one, where there can't be.
    """
    name = f"scratch_{uuid4().hex[:12]}"
    engine = create_engine(server, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        try:
            # nosemgrep: sql-of-pieces  digits
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        except DBAPIError as error:
            message = (
                f"{why}, and the database role may not create any: use the URL of a development "
                "server."
            )
            raise ConfigurationError(message) from error
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            # nosemgrep: sql-of-pieces  digits
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def upgrade(project: Project, url: URL, revision: str) -> None:
    """Bring a database to a revision of a project, quietly."""
    x = (f"url={url.render_as_string(hide_password=False)}",)
    run(project, "upgrade", revision, x=x, quiet=True)


@contextmanager
def connected_to(url: URL) -> Iterator[Connection]:
    """Connect for a moment."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        yield connection


def catalog(url: URL) -> dict[str, str]:
    """List what the schema public is made of, as names and the server's definitions of them."""
    with connected_to(url) as connection:
        rows = connection.exec_driver_sql(_CATALOG, {"tools": TOOL_TABLES})
        return {row[0]: row[1] for row in rows}
