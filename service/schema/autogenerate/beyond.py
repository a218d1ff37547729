"""Lists what a database holds that no model can describe, and that nobody compares therefore."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, text

from service.schema.autogenerate.declared import schemas

_UNKNOWN = text("""
    WITH ours AS (
        SELECT oid FROM pg_namespace WHERE nspname = current_schema() OR nspname = ANY (:schemas)
    ), relations AS (
        SELECT c.* FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM ours)
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                          AND d.objid = c.oid AND d.deptype = 'e')
    )
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                        WHEN 'f' THEN 'foreign table' ELSE 'composite type' END,
           oid::regclass::text, ''
    FROM relations WHERE relkind IN ('v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'partition', min(c.oid::regclass::text)
                        || CASE WHEN count(*) > 1 THEN format(' and %s more', count(*) - 1)
                                ELSE '' END,
           i.inhparent::regclass::text
    FROM relations c JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relispartition AND c.relkind IN ('r', 'p') GROUP BY i.inhparent
    UNION ALL
    SELECT 'trigger', t.tgname::text, t.tgrelid::regclass::text
    FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'rule', r.rulename::text, r.ev_class::regclass::text
    FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', p.polname::text, p.polrelid::regclass::text
    FROM pg_policy p JOIN relations c ON c.oid = p.polrelid
    UNION ALL
    SELECT 'row-level security', oid::regclass::text, '' FROM relations WHERE relrowsecurity
    UNION ALL
    SELECT 'statistics', s.stxname::text, s.stxrelid::regclass::text
    FROM pg_statistic_ext s JOIN relations c ON c.oid = s.stxrelid
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           p.oid::regprocedure::text, ''
    FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM ours)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'range type' END, t.oid::regtype::text, ''
    FROM pg_type t WHERE t.typnamespace IN (SELECT oid FROM ours) AND t.typtype IN ('d', 'r')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass
                      AND d.objid = t.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'schema', n.nspname::text, '' FROM pg_namespace n
    WHERE n.oid NOT IN (SELECT oid FROM ours) AND n.nspname !~ '^pg_'
      AND n.nspname <> 'information_schema'
      AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                                  AND d.objid = c.oid AND d.deptype = 'e'))
    ORDER BY 1, 2, 3
""")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the database holds and no model can describe: it may be as it should be."""

    kind: str
    name: str
    table: str

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} {self.name}" + (f" on {self.table}" if self.table else "")


def notes(connection: Connection, metadata: MetaData) -> list[Note]:
    """List views, triggers, policies, functions and the like, and the schemas that no model has."""
    names = list(schemas(metadata, connection.dialect))
    return [Note(*row) for row in connection.execute(_UNKNOWN, {"schemas": names})]


def said(found: Iterable[Note]) -> str:
    """Say it in a sentence."""
    return f"Beyond what models describe, and not compared: {', '.join(map(str, found))}."
