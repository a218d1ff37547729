"""A database made from the schema of `cases.py`, and a folder for the revisions it leads to."""

import re
import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, MetaData, create_engine, text
from sqlalchemy.pool import NullPool

from safe_migrations.autogenerate.drift import Difference, find
from safe_migrations.project import ATTRIBUTE
from safe_migrations.tool_tables import TOOL_TABLES
from service.schema import project
from tests.safe_migrations.autogenerate.cases import METADATA, ROWS, models

_CATALOG = text("""
    SELECT 'column', c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
           a.attnotnull::text,
           a.attidentity::text, a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid),
           a.attcollation::regcollation::text, col_description(c.oid, a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = ANY (CAST(:schemas AS oid[])) AND NOT a.attisdropped
      AND c.relkind NOT IN ('i', 'S')
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
           NULL, NULL, NULL, NULL, NULL, NULL
    FROM pg_constraint WHERE connamespace = ANY (CAST(:schemas AS oid[])) AND contype <> 'n'
    UNION ALL
    SELECT 'index', x.indrelid::regclass::text, i.relname, pg_get_indexdef(i.oid),
           x.indisvalid::text, NULL, NULL, NULL, NULL, NULL
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE i.relnamespace = ANY (CAST(:schemas AS oid[]))
    UNION ALL
    SELECT 'enum', enumtypid::regtype::text, string_agg(enumlabel, ',' ORDER BY enumsortorder),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM pg_enum GROUP BY 2
    UNION ALL
    SELECT 'comment', oid::regclass::text, obj_description(oid),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM pg_class WHERE relnamespace = ANY (CAST(:schemas AS oid[])) AND relkind = 'r'
    UNION ALL
    SELECT 'sequence', q.seqrelid::regclass::text, seqtypid::regtype::text, seqstart::text,
           seqincrement::text, seqmin::text, seqmax::text, seqcache::text, seqcycle::text,
           (SELECT string_agg(concat_ws('.', refobjid::regclass, refobjsubid, deptype), ',')
            FROM pg_depend d WHERE d.objid = q.seqrelid AND d.refclassid = 'pg_class'::regclass)
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
    WHERE c.relnamespace = ANY (CAST(:schemas AS oid[]))
    UNION ALL
    SELECT 'schema', nspname, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM pg_namespace WHERE oid = ANY (CAST(:schemas AS oid[]))
    ORDER BY 1, 2, 3
""")

_SCHEMAS = text("SELECT oid::bigint FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")


@dataclass
class Drifting:
    """A database with one of everything, to be changed behind the models' back."""

    engine: Engine
    folder: Path
    ini: Path
    attributes: dict[str, Any] = field(default_factory=dict)
    x: list[str] = field(default_factory=list)
    metadata: MetaData = METADATA
    schema: str | None = None

    def catalog(self) -> list[tuple[object, ...]]:
        """Read everything that a migration may change, the tool's own table left out."""
        with self.engine.connect() as connection:
            schemas = connection.scalars(_SCHEMAS).all()
            rows = [tuple(row) for row in connection.execute(_CATALOG, {"schemas": schemas})]
        tools = TOOL_TABLES
        return [row for row in rows if row[1] not in tools]

    def change(self, *statements: str) -> None:
        """Run statements in the schema of the models, each in a transaction of its own."""
        for statement in statements:
            with self.engine.begin() as connection:
                if self.schema:
                    connection.execute(text(f'SET LOCAL search_path = "{self.schema}", public'))
                connection.execute(text(statement))

    def differences(self) -> list[Difference]:
        """Compare it with the models."""
        with self.engine.connect() as connection:
            return find(connection, self.metadata, project().settings.schema_other_tables)

    def run(self, name: str, *arguments: object, **options: object) -> None:
        """Run one of Alembic's commands on it."""
        config = Config(self.ini)
        config.set_main_option("script_location", str(self.folder))
        config.attributes.update(
            connection=self.engine,
            configure_logging=False,
            raise_errors=True,
            **{"ask": None, **self.attributes},
        )
        known = replace(project(), metadata=self.metadata)
        config.attributes[ATTRIBUTE] = known.at(self.folder)
        autogenerate = options.get("autogenerate", False)
        config.cmd_opts = Namespace(x=self.x, autogenerate=autogenerate)
        getattr(command, name)(config, *arguments, **options)

    def migrate(self, message: str = "Mend it") -> list[str]:
        """Write the revisions that remove the differences; returns their titles, oldest first."""
        self.run("revision", message, autogenerate=True)
        script = ScriptDirectory(str(self.folder))
        return [revision.doc.rstrip(".") for revision in script.walk_revisions()][::-1]

    def files(self) -> list[str]:
        """Read the revisions, oldest first."""
        script = ScriptDirectory(str(self.folder))
        return [
            Path(revision.path).read_text(encoding="utf-8") for revision in script.walk_revisions()
        ][::-1]


@pytest.fixture
def schema() -> str | None:
    """The schema of the models; a test has others as its parameters."""
    return None


@pytest.fixture
def drifting(
    server: URL, execute: Callable[..., None], tmp_path: Path, root: Path, schema: str | None
) -> Iterator[Drifting]:
    """The database as the models want it, with a few rows."""
    name = f"drift_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for file in ("env.py", "script.py.mako"):
        shutil.copy(root / "migrations" / file, folder)
    engine = create_engine(server.set(database=name), poolclass=NullPool)
    drifting = Drifting(engine, folder, root / "alembic.ini", schema=schema)
    if schema:
        drifting.metadata = models(schema)
        drifting.change(f'CREATE SCHEMA "{schema}"')
    drifting.metadata.create_all(engine)
    drifting.change(*ROWS)
    yield drifting
    engine.dispose()
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def round_trip(drifting: Drifting) -> Callable[..., str]:
    """Change models, and the database with them: up, down and up again.

    `make` puts tables into a MetaData, as they were or `new`; `rows` are put into these before the
    change. Returns the revisions.
    """

    def round_trip(make: Callable[..., None], *rows: str) -> str:
        names, schema = METADATA.naming_convention, drifting.schema
        before, after = (MetaData(naming_convention=names, schema=schema) for _ in range(2))
        make(before, new=False)
        make(after, new=True)
        drifting.change("DROP TABLE bookings, users", "DROP TYPE mood", "CREATE SCHEMA other")
        before.create_all(drifting.engine)
        drifting.change(*rows)
        drifting.metadata = before
        assert drifting.differences() == []
        there = _readable(drifting.catalog())
        drifting.metadata = after
        drifting.attributes = {"no_renames": True}
        drifting.migrate()
        written = "".join(drifting.files())
        assert "sqlmodel" not in written
        drifting.run("upgrade", "head")
        assert drifting.differences() == []
        drifting.run("downgrade", "base")
        assert _readable(drifting.catalog()) == there
        drifting.run("upgrade", "head")
        assert drifting.differences() == []
        return written

    return round_trip


def _readable(catalog: list[tuple[object, ...]]) -> list[str]:
    """Write it without the casts that Postgres adds to those of a text that it has printed."""
    casts = re.compile(r"::character varying|::text|\[\]|[()]")
    return [casts.sub("", str(row)) for row in catalog]
