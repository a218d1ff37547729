"""What stands where the models' tables belong, and was not made by these revisions.

It is asked where a database has no revision, or one of others, or where a table is not as it was
ever made here. Only `find` knows of the models and of the predecessor's tables, and it imports both
when it is called: most commands never do.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safe_migrations.revisions import VERSIONS, revisions
from safe_migrations.tool_tables import TOOL_TABLES
from safe_migrations.tool_tables import VERSIONS as VERSION_TABLE
from service.sqlite_import.aside_schema import ASIDE

if TYPE_CHECKING:  # At run time only `find` should wait for the models.
    from service.sqlite_import.predecessor import Predecessor

Fetch = Callable[[str], Iterable[Sequence[Any]]]
"""Sends SQL without parameters and returns its rows, whatever the connection."""

ADOPT = "flask db adopt"
_ADOPTION = "adoption"
"""The table in it by which that command knows its own work."""

IS_SUSPECT = """
    NOT EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass('users') AND attname = 'legacy_id')
"""
"""Whether a database, whatever its revision, lacks what these revisions have always made.

It rides with the query for the revision, so that a sound database is asked nothing more."""

# What could stand in the way at all; a database without it need not wait for the models.
_HAS_TABLES = f"""
    SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE nspname = ANY (current_schemas(false))
                     AND relkind NOT IN ('i', 'I', 't')
                     AND relname <> ALL (ARRAY[{", ".join(f"'{name}'" for name in TOOL_TABLES)}]))
        OR to_regnamespace('{ASIDE}') IS NOT NULL
"""  # noqa: S608  constants
_RELATIONS = """
    SELECT n.nspname::text, c.relname::text, c.relkind::text, n.nspname = current_schema(),
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL),
           array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
               FILTER (WHERE a.attname IS NOT NULL)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relname IN ({names}) AND n.nspname = ANY (current_schemas(false) || name '{aside}')
    GROUP BY n.nspname, c.relname, c.relkind
    ORDER BY array_position(current_schemas(false), n.nspname), c.relname
"""
_KINDS = {
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
class _Relation:
    schema: str
    name: str
    kind: str
    is_current: bool
    columns: Mapping[str, str]

    @property
    def is_table(self) -> bool:
        return self.kind in _TABLES

    @property
    def place(self) -> str:
        if self.schema == "public":
            return self.name
        is_plain = re.fullmatch("[a-z_][a-z0-9_]*", self.schema)
        quoted = self.schema if is_plain else '"' + self.schema.replace('"', '""') + '"'
        return f"{quoted}.{self.name}"


def find(fetch: Fetch, stored: Collection[str] | None, folder: Path = VERSIONS) -> Foreign | None:
    """Tell what is where the models' tables belong; None: nothing, or they themselves.

    `stored` are the revisions of the database, `folder` has those of the files: what they never
    make is in nobody's way.
    """
    version = _Version.of(stored, {item.id for item in revisions(folder)})
    if folder != VERSIONS and version.is_ours:
        return None  # The models tell nothing of what other files have made there.
    if not next(iter(fetch(_HAS_TABLES)))[0]:
        return None
    from sqlmodel import SQLModel  # noqa: PLC0415

    import service.models  # noqa: F401, PLC0415  the tables register themselves in the metadata

    wanted = {
        table.name: {column.name for column in table.columns}
        for table in SQLModel.metadata.sorted_tables
        if table.schema is None
    }
    if folder != VERSIONS:
        texts = "\n".join(item.path.read_text(encoding="utf-8") for item in revisions(folder))
        made = set(_MAKES.findall(texts))
        wanted = {name: columns for name, columns in wanted.items() if name in made}
    if not wanted:
        return None
    names = ", ".join(f"'{name}'" for name in (*wanted, _ADOPTION))
    relations = [
        _Relation(
            schema, name, kind, is_current, dict(zip(columns or (), types or (), strict=True))
        )
        for schema, name, kind, is_current, columns, types in fetch(
            _RELATIONS.format(names=names, aside=ASIDE)
        )
    ]
    return _judged(relations, wanted, version)


@dataclass(frozen=True, slots=True)
class _Version:
    """What the table of Alembic says; `is_ours` when these files have all of it."""

    stored: tuple[str, ...] | None
    is_ours: bool

    @classmethod
    def of(cls, stored: Collection[str] | None, known: Collection[str]) -> "_Version":
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
    relations: list[_Relation], wanted: Mapping[str, set[str]], version: _Version
) -> Foreign | None:
    from service.sqlite_import.predecessor import COLUMNS, Predecessor  # noqa: PLC0415

    on_path = [
        item
        for item in relations
        if item.name in wanted and (item.schema != ASIDE or item.is_current)
    ]
    for schema in dict.fromkeys(item.schema for item in on_path):
        here = {item.name: item for item in on_path if item.schema == schema}
        found = {name: here[name].columns if name in here else {} for name in COLUMNS}
        old = Predecessor.recognised(found)
        if old:
            return _of_the_predecessor(old, here, version)
        ours = [item for item in here.values() if _looks_ours(item, wanted[item.name])]
        others = [item for item in here.values() if item not in ours and item.is_current]
        if others:
            return _of_others(others, version)
        if ours:
            return None if version.stored else _without_revision(ours, version)
    aside = [item.name for item in relations if item.schema == ASIDE]
    moved = [name for name in aside if name in COLUMNS]
    return _moved_aside(moved) if moved and _ADOPTION in aside else None


def _looks_ours(item: _Relation, columns: Collection[str]) -> bool:
    return item.is_table and 2 * len(item.columns.keys() & set(columns)) >= len(columns)


def _of_the_predecessor(
    old: "Predecessor", here: Mapping[str, _Relation], version: _Version
) -> Foreign:
    from service.sqlite_import.predecessor import ALEMBIC_REVISIONS  # noqa: PLC0415

    tables = [here[name] for name in old.tables]
    # Without the workflows nothing tells the revision.
    revision = f" in its revision {old.revision}" if "workflows" in old.tables else ""
    noun, verb = ("tables", "are those") if len(tables) > 1 else ("table", "is one")
    said = (
        f"The {noun} {_listed([item.place for item in tables])} {verb} of the prototype that this "
        f"service came from,{revision and revision + ','} {version.said(ALEMBIC_REVISIONS)}"
    )
    views = [
        f"the table {item.name} (there is a {_KINDS[item.kind].lower()})"
        for item in tables
        if not item.is_table
    ]
    missing = [*views, *old.missing]
    if old.unknown_columns:
        said += f"; the prototype never had {_listed(old.unknown_columns)}"
    if not missing:
        return Foreign(f"{said}.", ADOPT, "takes them over")
    verb = "are" if len(missing) > 1 else "is"
    return Foreign(
        f"{said}; {_listed(missing)} {verb} missing, so they can't be taken over.",
        _move([*tables, *_version_table(version)]),
        "puts what there is out of the way, and `flask db upgrade` then makes the tables",
        f"bring back what is missing, and `{ADOPT}` takes them over",
    )


def _of_others(others: list[_Relation], version: _Version) -> Foreign:
    names = _listed([item.place for item in others])
    verb, them = ("are neither", "them") if len(others) > 1 else ("is neither", "it")
    return Foreign(
        f"{names} {verb} the models' nor the prototype's, and stand{'s' * (len(others) == 1)} "
        f"where tables of the models belong, {version.said()}.",
        _move([*others, *_version_table(version)]),
        f"puts {them} out of the way (whose application then has to look there), and `flask db "
        "upgrade` makes the tables",
        "set DATABASE_URL to another database",
    )


def _without_revision(ours: list[_Relation], version: _Version) -> Foreign:
    return Foreign(
        f"The database has tables of the models ({_listed([item.place for item in ours])}) and no "
        f"revision, {version.said()}: they were not made by the revisions.",
        "flask db doctor",
        "compares them with the models, and says what to do",
        looks_ours=True,
    )


def _moved_aside(tables: list[str]) -> Foreign:
    return Foreign(
        f"The prototype's tables ({_listed(tables)}) have been moved aside into the schema "
        f"{ASIDE}, and the tables of this service are not there.",
        f"{ADOPT} --undo",
        f"puts them back, and `{ADOPT}` then takes them over again",
        f"`{ADOPT} --forget` drops them, and `flask db upgrade` then makes empty tables",
    )


def _version_table(version: _Version) -> list[_Relation]:
    """Name the table of Alembic: what it says holds for those that go, if at all."""
    if not version.stored:
        return []
    return [_Relation("public", VERSION_TABLE, "r", is_current=True, columns={})]


def _move(relations: Iterable[_Relation]) -> str:
    moves = [
        f"ALTER INDEX {item.place} RENAME TO {item.name}_of_others;"
        if _KINDS.get(item.kind) == "INDEX"
        else f"ALTER {_KINDS.get(item.kind, 'TABLE')} {item.place} SET SCHEMA others;"
        for item in relations
    ]
    return " ".join(["CREATE SCHEMA others;", *moves])


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
