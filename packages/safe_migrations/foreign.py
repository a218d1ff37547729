"""What stands where the models' tables belong, and was not made by these revisions.

It is asked where a database has no revision, or one of others, or where a table is not as it was
ever made here. Only `find` looks at the models, which most commands never import.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safe_migrations.project import Project
from safe_migrations.revisions import revisions
from safe_migrations.tool_tables import TOOL_TABLES
from safe_migrations.tool_tables import VERSIONS as VERSION_TABLE

if TYPE_CHECKING:
    from safe_migrations.recogniser import Recogniser

Fetch = Callable[[str], Iterable[Sequence[Any]]]
"""Sends SQL without parameters and returns its rows, whatever the connection."""

# What could stand in the way at all; a database without it need not wait for the models.
_HAS_TABLES = f"""
    SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE nspname = ANY (current_schemas(false))
                     AND relkind NOT IN ('i', 'I', 't')
                     AND relname <> ALL (ARRAY[{", ".join(f"'{name}'" for name in TOOL_TABLES)}]))
        OR to_regnamespace({{aside}}) IS NOT NULL
"""  # noqa: S608  constants
_RELATIONS = """
    SELECT n.nspname::text, c.relname::text, c.relkind::text, n.nspname = current_schema(),
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL),
           array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
               FILTER (WHERE a.attname IS NOT NULL)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relname IN ({names}) AND n.nspname = ANY (current_schemas(false) || {aside}::name)
    GROUP BY n.nspname, c.relname, c.relkind
    ORDER BY array_position(current_schemas(false), n.nspname), c.relname
"""
KINDS = {
    "v": "VIEW",
    "m": "MATERIALIZED VIEW",
    "f": "FOREIGN TABLE",
    "S": "SEQUENCE",
    "c": "TYPE",
    "i": "INDEX",
    "I": "INDEX",
}
_TABLES = ("r", "p")
# The tables that a folder's revisions make, without running them.
_MAKES = re.compile(
    r"""(?:create_table\(\s*|CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?)["']?(\w+)""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """What there is, in a sentence, and the one command that mends it.

    `effect` goes on where the command ends, `otherwise` is another way out. What `looks_ours` may
    be the models' tables themselves, without a revision: only a comparison tells.
    """

    said: str
    mend: str
    effect: str
    otherwise: str = ""
    looks_ours: bool = False

    def __str__(self) -> str:
        """Say it with the ways out."""
        return f"{self.said} `{self.mend}` {self.effect}{self._other_way}."

    @property
    def commands(self) -> str:
        """The ways out, one in a line."""
        lines = [f"{self.mend}   ({self.effect})"]
        return "\n".join([*lines, *([f"(or {self.otherwise})"] if self.otherwise else [])])

    @property
    def _other_way(self) -> str:
        return f"; or {self.otherwise}" if self.otherwise else ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or what else there is under the name of one."""

    schema: str
    name: str
    kind: str
    is_current: bool
    columns: Mapping[str, str]

    @property
    def is_table(self) -> bool:
        """Whether it holds rows of its own."""
        return self.kind in _TABLES

    @property
    def place(self) -> str:
        """Its name, with the schema where that is not public."""
        if self.schema == "public":
            return self.name
        is_plain = re.fullmatch("[a-z_][a-z0-9_]*", self.schema)
        quoted = self.schema if is_plain else '"' + self.schema.replace('"', '""') + '"'
        return f"{quoted}.{self.name}"


def find(fetch: Fetch, stored: Collection[str] | None, project: Project) -> Foreign | None:
    """Tell what is where the models' tables belong; None: nothing, or they themselves.

    `stored` are the revisions of the database. What the revisions of another folder than the
    project's own never make is in nobody's way.
    """
    known = revisions(project.versions)
    version = Version.of(stored, {item.id for item in known})
    if project.metadata is None or (project.is_elsewhere and version.is_ours):
        return None  # The models tell nothing of what other files have made there.
    aside = "NULL" if project.aside is None else f"'{project.aside}'"
    if not next(iter(fetch(_HAS_TABLES.format(aside=aside))))[0]:
        return None
    wanted = {
        table.name: {column.name for column in table.columns}
        for table in project.tables.sorted_tables
        if table.schema is None
    }
    if project.is_elsewhere:
        texts = "\n".join(item.path.read_text(encoding="utf-8") for item in known)
        made = set(_MAKES.findall(texts))
        wanted = {name: columns for name, columns in wanted.items() if name in made}
    if not wanted:
        return None
    traces = project.recogniser.traces if project.recogniser else ()
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in (*wanted, *traces))
    relations = [
        Relation(schema, name, kind, is_current, dict(zip(columns or (), types or (), strict=True)))
        for schema, name, kind, is_current, columns, types in fetch(
            _RELATIONS.format(names=names, aside=aside)
        )
    ]
    return _judged(relations, wanted, version, project.recogniser)


@dataclass(frozen=True, slots=True)
class Version:
    """What the table of Alembic says; `is_ours` when these files have all of it."""

    stored: tuple[str, ...] | None
    is_ours: bool

    @classmethod
    def of(cls, stored: Collection[str] | None, known: Collection[str]) -> "Version":
        """Compare what is stored with the revisions that are known."""
        held = None if stored is None else tuple(stored)
        return cls(held, bool(held) and set(held or ()) <= set(known))

    def said(self, theirs: Collection[str] = ()) -> str:
        """Say whose it is, as the end of a sentence."""
        if self.stored is None:
            return f"with no table {VERSION_TABLE}"
        if not self.stored:
            return f"with an empty table {VERSION_TABLE}"
        held = f"{VERSION_TABLE} holds {' and '.join(self.stored)}"
        if self.is_ours:
            return f"though {held}, which is of this code: somebody has stamped it"
        if set(self.stored) <= set(theirs):
            return f"and {held}, which is theirs"
        return f"and {held}, which is {'neither theirs nor' if theirs else 'not'} of this code"


def _judged(
    relations: list[Relation],
    wanted: Mapping[str, set[str]],
    version: Version,
    recogniser: "Recogniser | None",
) -> Foreign | None:
    aside = recogniser.aside if recogniser else None
    on_path = [
        item
        for item in relations
        if item.name in wanted and (item.schema != aside or item.is_current)
    ]
    for schema in dict.fromkeys(item.schema for item in on_path):
        here = {item.name: item for item in on_path if item.schema == schema}
        if recogniser and (old := recogniser.recognised(here, version)):
            return old
        ours = [item for item in here.values() if _looks_ours(item, wanted[item.name])]
        others = [item for item in here.values() if item not in ours and item.is_current]
        if others:
            return _of_others(others, version, recogniser)
        if ours:
            return None if version.stored else _without_revision(ours, version)
    moved = [item.name for item in relations if item.schema == aside]
    return recogniser.moved_aside(moved) if recogniser and moved else None


def _looks_ours(item: Relation, columns: Collection[str]) -> bool:
    return item.is_table and 2 * len(item.columns.keys() & set(columns)) >= len(columns)


def _of_others(
    others: list[Relation], version: Version, recogniser: "Recogniser | None"
) -> Foreign:
    names = listed([item.place for item in others])
    verb, them = ("are", "them") if len(others) > 1 else ("is", "it")
    whose = f"neither the models' nor {recogniser.whose}" if recogniser else "not the models'"
    return Foreign(
        f"{names} {verb} {whose}, and stand{'s' * (len(others) == 1)} "
        f"where tables of the models belong, {version.said()}.",
        move([*others, *version_table(version)]),
        f"puts {them} out of the way (whose application then has to look there), and `flask db "
        "upgrade` makes the tables",
        "set DATABASE_URL to another database",
    )


def _without_revision(ours: list[Relation], version: Version) -> Foreign:
    return Foreign(
        f"The database has tables of the models ({listed([item.place for item in ours])}) and no "
        f"revision, {version.said()}: they were not made by the revisions.",
        "flask db doctor",
        "compares them with the models, and says what to do",
        looks_ours=True,
    )


def version_table(version: Version) -> list[Relation]:
    """Name the table of Alembic: what it says holds for those that go, if at all."""
    if not version.stored:
        return []
    return [Relation("public", VERSION_TABLE, "r", is_current=True, columns={})]


def move(relations: Iterable[Relation]) -> str:
    """Write the SQL that moves relations into the schema `others`."""
    moves = [
        f"ALTER INDEX {item.place} RENAME TO {item.name}_of_others;"
        if KINDS.get(item.kind) == "INDEX"
        else f"ALTER {KINDS.get(item.kind, 'TABLE')} {item.place} SET SCHEMA others;"
        for item in relations
    ]
    return " ".join(["CREATE SCHEMA others;", *moves])


def listed(names: Sequence[str]) -> str:
    """Write names as `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
