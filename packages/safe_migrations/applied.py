"""The table `schema_history`: what was applied, for code that does not have the files of it.

`alembic_version` holds the newest revision alone, which tells code of the release before nothing.
So each revision that is applied leaves a row: which ones it follows, and whether it breaks the
release before. Taking it back removes the row. A database of before this table has no rows of its
older revisions, and needs none: all code that there is knows those.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from safe_migrations.tool_tables import HISTORY, VERSIONS

BREAKS = "BREAKS_RELEASE_BEFORE"
"""The constant of a revision on whose schema the release before can't run."""

EXISTS = f"SELECT to_regclass('{HISTORY}') IS NOT NULL"
READ = f"SELECT revision, follows, breaks_release_before FROM {HISTORY}"  # noqa: S608  a constant

# Whoever may read the revision may read the history: the application's role is often not the owner.
_MAKE = f"""\
DO $$ DECLARE reader text; BEGIN IF to_regclass('{HISTORY}') IS NULL THEN
    CREATE TABLE {HISTORY} (
        revision varchar(32) CONSTRAINT pk_{HISTORY} PRIMARY KEY,
        follows varchar(32)[] NOT NULL,
        breaks_release_before boolean NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
    FOR reader IN SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(rolname) END
        FROM pg_class, aclexplode(relacl) LEFT JOIN pg_roles ON pg_roles.oid = grantee
        WHERE pg_class.oid = '{VERSIONS}'::regclass AND privilege_type = 'SELECT'
    LOOP EXECUTE 'GRANT SELECT ON {HISTORY} TO ' || reader; END LOOP;
END IF; END $$"""  # noqa: S608  constants
_NOTE = f"""\
INSERT INTO {HISTORY} (revision, follows, breaks_release_before) VALUES {{}} \
ON CONFLICT (revision) DO UPDATE SET follows = excluded.follows, \
breaks_release_before = excluded.breaks_release_before, applied_at = now()"""  # noqa: S608  quoted
# Nothing is left of a database's first revision that was taken back.
_FORGET = f"""\
DO $$ BEGIN IF to_regclass('{HISTORY}') IS NOT NULL THEN
    DELETE FROM {HISTORY} WHERE revision {{}};
    IF NOT EXISTS (SELECT FROM {HISTORY}) THEN DROP TABLE {HISTORY}; END IF;
END IF; END $$"""  # noqa: S608  quoted


@dataclass(frozen=True, slots=True)
class Applied:
    """A revision that a database has, whether or not this code has its file."""

    revision: str
    follows: tuple[str, ...]
    breaks_release_before: bool


def read(rows: Collection[Any]) -> tuple[Applied, ...]:
    """Take the rows of READ."""
    return tuple(Applied(row[0], tuple(row[1]), row[2]) for row in rows)


class Recorder:
    """Alembic's `on_version_apply` of one run: it writes where `alembic_version` is written."""

    def __init__(self) -> None:
        self._is_made = False

    def __call__(self, *, ctx: Any, step: Any, heads: Collection[str], **_: object) -> None:
        """Note what a step has done, in its transaction, or in its part of a script."""
        if step.is_stamp:
            # Somebody says what there is, and so what there is not.
            found = step.revision_map.get_revisions(tuple(heads))
            applied = list(step.revision_map._get_ancestor_nodes(found, check=False))  # noqa: SLF001
            names = ", ".join(_quoted(script.revision) for script in applied)
            statements = [_FORGET.format(f"NOT IN ({names})" if names else "IS NOT NULL")]
        elif step.is_upgrade:
            applied, statements = [step.up_revision], []
        else:
            applied, statements = [], [_FORGET.format(f"= {_quoted(step.up_revision_id)}")]
        if applied and (step.is_stamp or not self._is_made):
            statements.append(_MAKE)
            self._is_made = True
        if applied:
            statements.append(_NOTE.format(", ".join(map(_row, applied))))
        for statement in statements:
            _execute(ctx, statement)


def _row(script: Any) -> str:
    # With those of depends_on, whatever way they are written.
    follows = ", ".join(map(_quoted, script._normalized_down_revisions))  # noqa: SLF001
    breaks = str(bool(getattr(script.module, BREAKS, False))).lower()
    return f"({_quoted(script.revision)}, ARRAY[{follows}]::varchar[], {breaks})"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _execute(ctx: Any, statement: str) -> None:
    if ctx.as_sql:
        ctx.impl.static_output(f"{statement};")
        return
    # Past SQLAlchemy: it is no statement of the revision, which are counted and looked at.
    with ctx.connection.connection.cursor() as cursor:
        cursor.execute(statement)
