"""Lists what a database holds, or a model says, that nobody compares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, text

from safe_migrations.autogenerate.declared import schemas

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
    SELECT 'partitioning', pg_get_partkeydef(oid), oid::regclass::text
    FROM relations WHERE relkind = 'p' AND NOT relispartition
    UNION ALL
    SELECT 'unlogged table', oid::regclass::text, ''
    FROM relations WHERE relpersistence = 'u' AND relkind IN ('r', 'p')
    UNION ALL
    SELECT 'storage parameters', array_to_string(reloptions, ', '), oid::regclass::text
    FROM relations WHERE reloptions IS NOT NULL AND relkind IN ('r', 'p')
    UNION ALL
    SELECT 'MATCH FULL of', k.conname::text, k.conrelid::regclass::text
    FROM pg_constraint k JOIN relations c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.confmatchtype = 'f' AND k.conparentid = 0
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
    """Something that a database holds and nobody compares: it may be as it should be."""

    kind: str
    name: str
    table: str

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} {self.name}" + (f" on {self.table}" if self.table else "")


def notes(connection: Connection, metadata: MetaData) -> list[Note]:
    """List views, triggers, policies, functions and the like, and the schemas that no model has.

    With what models can say of a table and Alembic does not compare, wherever it is said.
    """
    names = list(schemas(metadata, connection.dialect))
    found = [Note(*row) for row in connection.execute(_UNKNOWN, {"schemas": names})]
    known = {(item.kind, item.table or item.name) for item in found}
    wanted = _not_compared(metadata, connection)
    return found + [item for item in wanted if (item.kind, item.table or item.name) not in known]


def _not_compared(metadata: MetaData, connection: Connection) -> Iterator[Note]:
    prepare = connection.dialect.identifier_preparer
    for table in metadata.sorted_tables:
        name = prepare.format_table(table)
        options = table.dialect_options["postgresql"]
        if options["partition_by"]:
            yield Note("partitioning", str(options["partition_by"]), name)
        if "UNLOGGED" in map(str.upper, table._prefixes):  # noqa: SLF001  nothing public has it
            yield Note("unlogged table", name, "")
        if options["with"]:
            given = ", ".join(f"{key}={value}" for key, value in options["with"].items())
            yield Note("storage parameters", given, name)
        for key in table.foreign_key_constraints:
            if (key.match or "").upper() == "FULL":
                yield Note("MATCH FULL of", str(key.name or "a foreign key"), name)


def said(found: Iterable[Note]) -> str:
    """Say it in a sentence."""
    return f"Beyond what models describe, and not compared: {', '.join(map(str, found))}."
