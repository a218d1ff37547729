"""Folds the oldest revisions into one, which makes the same schema at once.

The new revision takes the id of the last one that it replaces, so databases at that revision or a
later one notice nothing. Its operations are those that Alembic renders from the schema which the
old revisions make on an empty database; whether it really makes the same is then looked up in the
catalog of a second one, and nothing is written unless it does.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.util import CommandError
from sqlalchemy import URL, Connection, MetaData, create_engine, pool
from sqlalchemy.exc import DBAPIError

from service.errors import ConfigurationError, ServiceError, SeveralHeadsError
from service.schema.revisions import Revision, heads, in_docstring, revisions, write
from service.schema.runner import run
from service.schema.standing import with_ancestors
from service.schema.tool_tables import TOOL_TABLES

_SHOWN = 10

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


@dataclass(frozen=True, slots=True)
class Squashed:
    """The new revision's file, the files that it replaces, and tables whose first rows are lost."""

    path: Path
    text: str
    replaced: tuple[Revision, ...]
    seeded: tuple[str, ...]


def plan(
    folder: Path,
    server: URL,
    *,
    upto: str | None = None,
    message: str = "Create the schema",
    stored: tuple[str, ...] = (),
) -> Squashed:
    """Make the revision that replaces all up to `upto` (the head), and prove that it does.

    `folder` holds env.py; two scratch databases are made on `server` and dropped. `stored` are the
    revisions of the connected database. Raises ConfigurationError when a database would be left
    without a way, or something of the schema would be lost, with a list of it.
    """
    chain = _chain(folder / "versions", upto)
    if between := {item.id for item in chain[:-1]} & set(stored):
        message = (
            f"The connected database is at {', '.join(sorted(between))}, which would be folded: "
            f"bring it to {chain[-1].id} first (`flask db upgrade {chain[-1].id}`), and all others."
        )
        raise ConfigurationError(message)
    with _scratch(server) as old, _scratch(server) as new:
        _upgrade(folder, old, chain[-1].id)
        text = _render(old, new, chain[-1].id, message)
        with tempfile.TemporaryDirectory() as made:
            copy = Path(made)
            (copy / "versions").mkdir()
            shutil.copy(folder / "env.py", copy)
            (copy / "versions" / "squashed.py").write_text(text, encoding="utf-8")
            try:
                _upgrade(copy, new, chain[-1].id)
            except ServiceError as error:
                said = f"The squashed revision can't be applied, so nothing is written: {error}"
                raise ConfigurationError(said) from error
        _check_that_nothing_is_lost(_catalog(old), _catalog(new))
        seeded = tuple(sorted(_seeded(old) - _seeded(new)))
    slug = "_".join("".join(c if c.isalnum() else " " for c in message.lower()).split())
    name = f"{datetime.now(UTC):%Y_%m_%d}_{slug[:60]}.py"
    return Squashed(folder / "versions" / name, text, chain, seeded)


def apply(squashed: Squashed) -> None:
    """Write the new file, then remove those that it replaces; git has them still."""
    old = {item.path for item in squashed.replaced} - {squashed.path}
    write(squashed.path, squashed.text)
    for path in old:
        path.unlink()
    revisions.cache_clear()


def _chain(folder: Path, upto: str | None) -> tuple[Revision, ...]:
    revisions.cache_clear()
    known = {item.id: item for item in revisions(folder)}
    if not known:
        message = "There are no revisions yet: nothing to squash."
        raise ConfigurationError(message)
    if upto is None and len(heads(folder)) != 1:
        message = (
            f"The revisions have {len(heads(folder))} heads: join them (`flask db rebase`), "
            "or name the revision up to which to squash."
        )
        raise SeveralHeadsError(message)
    last = upto or heads(folder)[0]
    if last not in known:
        message = f"There is no revision {last}: `flask db history` lists them."
        raise ConfigurationError(message)
    folded = sorted(
        (known[item] for item in with_ancestors([last], known)),
        key=lambda item: len(with_ancestors([item.id], known)),
    )
    if len(folded) < 2:  # noqa: PLR2004  the fewest that can become one
        message = f"Up to {last} there is one revision only: nothing to squash."
        raise ConfigurationError(message)
    gone = {item.id for item in folded[:-1]}
    for item in known.values():
        if item not in folded and gone & set(item.after):
            message = (
                f"Revision {item.id} branches off at {', '.join(item.after)}, which would be "
                "folded: rebase it first (`flask db rebase`)."
            )
            raise ConfigurationError(message)
    return tuple(folded)


@contextmanager
def _scratch(server: URL) -> Iterator[URL]:
    name = f"squash_{uuid4().hex[:12]}"
    engine = create_engine(server, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        try:
            # nosemgrep: sql-of-pieces  digits
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        except DBAPIError as error:
            message = (
                "Squashing proves its result on two scratch databases, and the database role may "
                "not create any: use the URL of a development server."
            )
            raise ConfigurationError(message) from error
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            # nosemgrep: sql-of-pieces  digits
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _upgrade(folder: Path, url: URL, revision: str) -> None:
    x = (f"url={url.render_as_string(hide_password=False)}",)
    run("upgrade", revision, directory=str(folder), x=x, quiet=True)


@contextmanager
def _connect(url: URL) -> Iterator[Connection]:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        yield connection


def _render(old: URL, new: URL, revision: str, message: str) -> str:
    metadata = MetaData()
    with _connect(old) as connection:
        metadata.reflect(connection, only=lambda name, _: name not in TOOL_TABLES)
    with _connect(new) as connection:
        context = MigrationContext.configure(connection)
        try:
            script = produce_migrations(context, metadata)
        except CommandError as error:
            raise ConfigurationError(str(error)) from error
        up, down = (
            render_python_code(ops, migration_context=context)
            for ops in (script.upgrade_ops or UpgradeOps(), script.downgrade_ops or DowngradeOps())
        )
    lines = "import sqlalchemy as sa\nfrom alembic import op"
    if "postgresql." in up + down:
        lines += "\nfrom sqlalchemy.dialects import postgresql"
    return (
        f'"""{in_docstring(message.rstrip("."))}.\n\nRevision {revision}, squashed on '
        f'{datetime.now(UTC):%Y-%m-%d}; it follows no other.\n"""\n\n{lines}\n\n'
        f'revision = "{revision}"\ndown_revision = None\nbranch_labels = None\n'
        'depends_on = None\n\n\ndef upgrade() -> None:\n    """Apply the change."""\n'
        f'    {up}\n\n\ndef downgrade() -> None:\n    """Take the change back."""\n'
        f"    {down}\n"
    )


def _catalog(url: URL) -> dict[str, str]:
    with _connect(url) as connection:
        rows = connection.exec_driver_sql(_CATALOG, {"tools": TOOL_TABLES})
        return {row[0]: row[1] for row in rows}


def _seeded(url: URL) -> set[str]:
    """Name the tables that have rows."""
    with _connect(url) as connection:
        metadata = MetaData()
        metadata.reflect(connection, only=lambda name, _: name not in TOOL_TABLES)
        return {
            table.name
            for table in metadata.sorted_tables
            if connection.execute(table.select().limit(1)).first()
        }


def _check_that_nothing_is_lost(old: dict[str, str], new: dict[str, str]) -> None:
    differences = [
        f"{name} ({'missing' if name not in new else 'other' if name in old else 'added'})"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if differences:
        shown = ", ".join(differences[:_SHOWN]) + (", ..." if len(differences) > _SHOWN else "")
        message = (
            f"Nothing is written: Alembic can't express all of this schema ({shown}). Squash up to "
            "a revision before these, and keep the rest as it is."
        )
        raise ConfigurationError(message)
