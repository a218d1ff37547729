"""What stands around old tables: what depends on them, who else is connected."""

from dataclasses import dataclass
from typing import Self

from psycopg2 import extensions
from psycopg2.sql import SQL, Composable

from safe_migrations.adoption.in_place import InPlace
from safe_migrations.adoption.takeover import Takeover

_OTHERS = """
    SELECT quote_ident(relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = %(schema)s AND relkind = ANY('{r,p,v,m,f}')
    AND pg_class.oid <> ALL(%(oids)s::oid[]) ORDER BY relname
"""
# A view depends on a table by its rule.
_VIEWS = """
    SELECT DISTINCT format('%%s %%s reads %%s', CASE v.relkind WHEN 'v' THEN 'view'
                           WHEN 'm' THEN 'materialized view' ELSE 'rule of' END,
                           v.oid::regclass, t.relname)
    FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    JOIN pg_class t ON t.oid = d.refobjid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND t.oid = ANY(%(oids)s::oid[]) AND v.oid <> t.oid ORDER BY 1
"""
_FOREIGN_KEYS = """
    SELECT format('foreign key %%I of %%s refers to %%s', conname, conrelid::regclass, relname)
    FROM pg_constraint JOIN pg_class t ON t.oid = confrelid
    WHERE contype = 'f' AND confrelid = ANY(%(oids)s::oid[]) AND conrelid <> ALL(%(oids)s::oid[])
    AND conparentid = 0 ORDER BY 1
"""
_TRIGGERS = """
    SELECT format('trigger %%I of %%s calls %%s', tgname, relname, tgfoid::regproc)
    FROM pg_trigger JOIN pg_class t ON t.oid = tgrelid
    WHERE NOT tgisinternal AND tgrelid = ANY(%(oids)s::oid[]) ORDER BY 1
"""
# One of all tables, or of those of a schema, has no row for each.
_PUBLICATIONS = """
    SELECT format('publication %%I publishes %%s%%s', pubname,
                  string_agg(tablename, ', ' ORDER BY tablename),
                  CASE WHEN puballtables THEN ', and will publish the new tables as well'
                  WHEN count(prrelid) = 0 THEN
                  ' as tables of their schema: it will publish the new ones instead' END)
    FROM pg_publication_tables JOIN pg_publication p USING (pubname)
    LEFT JOIN pg_publication_rel ON prpubid = p.oid AND prrelid = ANY(%(oids)s::oid[])
    AND prrelid = to_regclass(format('%%I.%%I', schemaname, tablename))
    WHERE schemaname = %(schema)s AND tablename = ANY(%(tables)s)
    GROUP BY pubname, puballtables ORDER BY 1
"""
_POLICIES = """
    SELECT format('policy %%I of %%s', polname, relname)
    FROM pg_policy JOIN pg_class t ON t.oid = polrelid
    WHERE polrelid = ANY(%(oids)s::oid[]) ORDER BY 1
"""
_HANGING = (_VIEWS, _FOREIGN_KEYS, _TRIGGERS, _PUBLICATIONS, _POLICIES)
_SESSIONS = """
    SELECT format('pid %%s (%%s, %%s, %%s)', pid, usename, coalesce(nullif(application_name, ''),
                  'no application_name'), coalesce(state, 'state hidden'))
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND application_name <> %(own)s ORDER BY pid
"""
_VERSION = SQL("SELECT version_num FROM {} ORDER BY 1")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the tables that are adopted.

    `hanging` depends on them, wherever they are moved, `others` are the other tables and views
    of their schema, which stay as they are, `sessions` who else is connected. `version` is
    what somebody's Alembic has noted in the table that goes aside.
    """

    hanging: tuple[str, ...]
    others: tuple[str, ...]
    sessions: tuple[str, ...]
    version: tuple[str, ...]

    @classmethod
    def of(cls, cursor: extensions.cursor, takeover: Takeover, found: InPlace) -> Self:
        """Look around."""
        values = {
            "oids": list(found.oids),
            "schema": found.schema,
            "own": takeover.application_name,
            "tables": list(found.old.tables),
        }

        def lines(query: str | Composable) -> tuple[str, ...]:
            cursor.execute(query, values)
            return tuple(str(line) for (line,) in cursor.fetchall())

        versions = [table for table in found.beside if table.endswith(".alembic_version")]
        return cls(
            tuple(line for query in _HANGING for line in lines(query)),
            lines(_OTHERS),
            lines(_SESSIONS),
            tuple(line for table in versions for line in lines(_VERSION.format(SQL(table)))),
        )
