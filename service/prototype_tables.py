"""How the commands of `flask db` know the prototype's tables, and what they say about them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from safe_migrations.foreign import KINDS, Foreign, Relation, Version, listed, move, version_table

if TYPE_CHECKING:  # At run time, most commands need nothing of the import.
    from service.sqlite_import.predecessor import Predecessor

ADOPT = "flask db adopt"
_ADOPTION = "adoption"
"""The table aside by which that command knows its own work."""


class PrototypeRecogniser:
    """Tells the prototype's tables from those of the models, which have the same names."""

    is_suspect = """
        NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = to_regclass('users') AND attname = 'legacy_id')
    """
    whose = "the prototype's"
    traces = (_ADOPTION,)

    @property
    def aside(self) -> str:
        """The schema that `flask db adopt` moves the prototype's tables into."""
        from service.sqlite_import.aside_schema import ASIDE  # noqa: PLC0415

        return ASIDE

    def recognised(self, there: Mapping[str, Relation], version: Version) -> Foreign | None:
        """Tell of the prototype's tables, if there are any, and whether they can be taken over."""
        from service.sqlite_import.predecessor import COLUMNS, Predecessor  # noqa: PLC0415

        found = {name: there[name].columns if name in there else {} for name in COLUMNS}
        old = Predecessor.recognised(found)
        return _described(old, there, version) if old else None

    def moved_aside(self, tables: Sequence[str]) -> Foreign | None:
        """Tell of the prototype's tables that `flask db adopt` has moved aside."""
        from service.sqlite_import.predecessor import COLUMNS  # noqa: PLC0415

        moved = [name for name in tables if name in COLUMNS]
        if not moved or _ADOPTION not in tables:
            return None
        return Foreign(
            f"The prototype's tables ({listed(moved)}) have been moved aside into the schema "
            f"{self.aside}, and the tables of this service are not there.",
            f"{ADOPT} --undo",
            f"puts them back, and `{ADOPT}` then takes them over again",
            f"`{ADOPT} --forget` drops them, and `flask db upgrade` then makes empty tables",
        )


def _described(old: "Predecessor", here: Mapping[str, Relation], version: Version) -> Foreign:
    from service.sqlite_import.predecessor import ALEMBIC_REVISIONS  # noqa: PLC0415

    tables = [here[name] for name in old.tables]
    # Without the workflows nothing tells the revision.
    revision = f" in its revision {old.revision}" if "workflows" in old.tables else ""
    noun, verb = ("tables", "are those") if len(tables) > 1 else ("table", "is one")
    said = (
        f"The {noun} {listed([item.place for item in tables])} {verb} of the prototype that this "
        f"service came from,{revision and revision + ','} {version.said(ALEMBIC_REVISIONS)}"
    )
    views = [
        f"the table {item.name} (there is a {KINDS[item.kind].lower()})"
        for item in tables
        if not item.is_table
    ]
    missing = [*views, *old.missing]
    if old.unknown_columns:
        said += f"; the prototype never had {listed(old.unknown_columns)}"
    if not missing:
        return Foreign(f"{said}.", ADOPT, "takes them over")
    verb = "are" if len(missing) > 1 else "is"
    return Foreign(
        f"{said}; {listed(missing)} {verb} missing, so they can't be taken over.",
        move([*tables, *version_table(version)]),
        "puts what there is out of the way, and `flask db upgrade` then makes the tables",
        f"bring back what is missing, and `{ADOPT}` takes them over",
    )
