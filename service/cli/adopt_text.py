"""What an adoption will do and has done, as text for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from safe_migrations.adoption import Adoption, InPlace, Surroundings
from service.sqlite_import.aside_schema import ASIDE
from service.sqlite_import.predecessor import ALEMBIC_REVISIONS
from sqlite_to_postgres.report import Report
from sqlite_to_postgres.report_text import about_rows

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done in a database, and what else is there."""

    database: str
    tables: InPlace
    surroundings: Surroundings
    pending: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {
            "schema": self.tables.schema,
            "revision": self.tables.old.revision,
            "moved": self.tables.moved,
            "moved_into": ASIDE,
            "new_tables_in": self.tables.target,
            "pending": self.pending,
            "unknown_columns": self.tables.old.unknown_columns,
            **asdict(self.surroundings),
        }


def about_plan(plan: Plan) -> str:
    """Write what will be done, before it is."""
    tables, around = plan.tables, plan.surroundings
    lines = [
        (
            f"The prototype's tables (revision {tables.old.revision}) are in the schema "
            f"{tables.schema} of {plan.database}. In one transaction:"
        ),
        "",
        f"  moved into the schema {ASIDE}, as they are: {', '.join(tables.moved)}",
        f"  revisions to be applied: {_listed(plan.pending) or 'none'}",
        f"  then the rows are brought into the new tables, in the schema {tables.target}",
    ]
    if around.version:
        lines += ["", *_about_version(around.version)]
    for title, items in (
        ("Depends on the old tables, and goes on to when they are moved", around.hanging),
        ("Stays as it is beside them", around.others),
        ("Connected now; will no longer find its tables afterwards", around.sessions),
        ("Not imported, but kept in the old tables", tables.old.unknown_columns),
    ):
        if items:
            lines += ["", f"{title}:", *(f"  {item}" for item in _some(items))]
    return "\n".join([*lines, ""])


def about_rows_brought_in(report: Report) -> str:
    """Write what became of the rows."""
    lines = about_rows(report.tables, "legacy id")
    outcome = (
        "Dry run: everything was done, and taken back."
        if report.dry_run
        else f"Adopted. The old tables are in the schema {ASIDE}, as they were."
    )
    if report.refused:
        rows = "row was" if report.refused == 1 else "rows were"
        outcome += f" {report.refused:,} {rows} refused."
    return "\n".join([*lines, "", outcome])


def nothing_to_do(adoption: Adoption) -> str:
    """Say that it was done before."""
    written = ", ".join(f"{rows:,} of {table}" for table, rows in adoption.written.items())
    return (
        f"Nothing to do: adopted on {adoption.adopted_at:%Y-%m-%d %H:%M} UTC; rows written: "
        f"{written}. The old tables are in the schema {ASIDE}."
    )


def _about_version(version: Sequence[str]) -> list[str]:
    names = ", ".join(version)
    if set(version) <= set(ALEMBIC_REVISIONS):
        return [f"alembic_version goes with them: it holds {names}, which is the prototype's."]
    return [
        (
            f"alembic_version goes with them, and it holds {names}, which is not the prototype's: "
            "a program whose revisions these are has to look for it there."
        )
    ]


def _listed(items: Sequence[str]) -> str:
    return ", ".join(_some(items))


def _some(items: Sequence[str]) -> list[str]:
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [*items[:_SHOWN], *more]
