"""What became of the rows of a source, as text for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # At run time, no other command of `flask db` should wait a second for them.
    from sqlite_to_postgres.report import Report, TableReport

IDS_SHOWN = 10
COUNTS = ("read", "written", "already_there", "refused", "repaired")


def as_text(report: "Report", ids: str = "id") -> str:
    """Write a whole report; `ids` is what people call the ids in the source."""
    revision = f" (revision {report.revision})" if report.revision else ""
    lines = [f"{report.source}{revision}", ""]
    lines += about_rows(report.tables, ids)
    if report.unknown_columns:
        lines += ["", f"Unknown columns, not imported: {', '.join(report.unknown_columns)}."]
    outcome = "Dry run: nothing was written." if report.dry_run else "Imported."
    if report.refused:
        rows = "row was" if report.refused == 1 else "rows were"
        outcome += f" {report.refused:,} {rows} refused."
    return "\n".join([*lines, "", outcome])


def about_rows(tables: Mapping[str, "TableReport"], ids: str = "id") -> list[str]:
    """Write the lines that tell what became of the rows of each table."""
    lines = [f"{'':12}" + "".join(f"{name.replace('_', ' '):>15}" for name in COUNTS)]
    for name, table in tables.items():
        lines.append(f"{name:12}" + "".join(f"{getattr(table, count):>15,}" for count in COUNTS))
    changed = [f"{table.changed:,} of {name}" for name, table in tables.items() if table.changed]
    if changed:
        said = "Changed in the source since they were imported, and left here as they are"
        lines += ["", f"{said}: {', '.join(changed)}."]
    for name, table in tables.items():
        lines += _details(name, table, ids)
    return lines


def _details(name: str, table: "TableReport", ids: str) -> list[str]:
    lines = [
        f"  {item.rows:,} x {item.repair} ({ids} {_listed(item.examples, item.rows)})"
        for item in table.repairs
    ]
    if lines:
        lines = ["", f"Repaired in {name}:", *lines]
    if table.refusals:
        lines += ["", f"Refused of {name}:"]
        lines += [
            f"  {len(item.ids):,} x {item.reason} ({ids} {_listed(item.ids, len(item.ids))})"
            for item in table.refusals
        ]
    return lines


def _listed(ids: Sequence[str | None], count: int) -> str:
    shown = ", ".join(str(item) for item in ids[:IDS_SHOWN])
    return f"{shown}{', ...' if count > min(len(ids), IDS_SHOWN) else ''}"
