"""`flask db stats`: what the server has counted, and what to do about it."""

from collections import Counter
from collections.abc import Iterator
from textwrap import TextWrapper
from typing import TYPE_CHECKING

import click

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from serverless_postgres.stats import Figures, Finding, Report

WIDTH = 100
LABEL_WIDTH = 14
PADDING = 2
LEAST_WIDTH = 20
SECTIONS = ("queries", "connections", "indexes", "tables", "sequences", "settings")


@command(
    click.argument("sections", nargs=-1, type=click.Choice(SECTIONS)),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=10,
        show_default=True,
        help="Rows of each table.",
    ),
    doing="Asking the server what it has counted",
)
def stats(sections: tuple[str, ...], project: Project, x: tuple[str, ...], *, limit: int) -> Result:
    """Show slow queries, connections, indexes, tables, and what to do about them.

    SECTIONS are queries, connections, indexes, tables, sequences, settings; without any, all. It
    changes nothing, and always exits with 0 when the database answers.

    Example: flask db stats queries indexes --limit 5
    """
    from safe_migrations.errors import LockedError  # noqa: PLC0415  heavy, all three
    from safe_migrations.target import opened, target  # noqa: PLC0415
    from serverless_postgres.stats import CatalogLockedError, examine  # noqa: PLC0415

    settings = project.settings
    aside = (project.aside,) if project.aside else ()
    place = target(settings, x)
    try:
        with opened(place, settings) as connection:
            found = examine(connection, settings, aside=aside, sections=sections, limit=limit)
    except CatalogLockedError as error:
        raise LockedError(error.detail) from error
    document = found.as_json()
    document["database"]["source"] = place.source
    return Result(document, _text(found, place.source, limit))


def _text(found: "Report", source: str, limit: int) -> str:
    parts = ["\n".join(_head(found, source))]
    for section in found.sections.values():
        parts += [_figures(item) for item in section.figures]
        parts += [_wrapped(item) for item in section.remarks]
    if found.findings:
        parts.append("\n".join(_findings(found.findings, limit)))
    return "\n\n".join([*parts, _summary(found.findings)])


def _head(found: "Report", source: str) -> Iterator[str]:
    from serverless_postgres.stats import writing  # noqa: PLC0415  heavy

    about = found.about
    size = "" if about.database_bytes is None else f", {writing.size(about.database_bytes)}"
    kind = ", Neon" if about.is_neon else ""
    counted = "unknown since when"
    if about.counted_s is not None:
        counted = f"for {writing.seconds(about.counted_s)}"
    yield f"{'Database':{LABEL_WIDTH}}{found.url} ({source})"
    yield f"{'Server':{LABEL_WIDTH}}PostgreSQL {about.version}{kind}{size}"
    yield f"{'Counted':{LABEL_WIDTH}}{counted}"
    for remark in found.remarks:
        yield _wrapped(remark, " " * LABEL_WIDTH)


def _figures(item: "Figures") -> str:
    if not item.rows:
        return f"{item.title}: {item.empty}"
    from rich.cells import cell_len  # noqa: PLC0415  heavy
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    # rich knows how wide letters are: those of Korean names take two columns.
    table = Table(box=None, pad_edge=False, padding=(0, PADDING, 0, 0))
    first_text = len(item.headings) - item.texts
    columns = zip(item.headings, *item.rows, strict=True)
    taken = sum(
        max(map(cell_len, column)) + PADDING for column in columns if column[0] != "statement"
    )
    for number, heading in enumerate(item.headings):
        is_text = number >= first_text
        table.add_column(
            heading,
            # The rest is for it: rich would take as much from the numbers, until they are others.
            width=max(WIDTH - taken, LEAST_WIDTH) if heading == "statement" else None,
            justify="left" if is_text else "right",
            no_wrap=not is_text or heading == "statement",
            overflow="ellipsis" if heading == "statement" else "fold",
        )
    for row in item.rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as written:
        console.print(table)
    more = item.total - len(item.rows)
    lines = [item.title, *(line.rstrip() for line in written.get().splitlines())]
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


def _findings(findings: "list[Finding]", limit: int) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for item in findings:
        seen[item.kind] += 1
        if seen[item.kind] <= limit:
            yield _finding(item)
    for kind, count in seen.items():
        if count > limit:
            yield f"and {count - limit} more of {kind}: --limit {count} shows them."


def _finding(item: "Finding") -> str:
    label = item.severity.ljust(9)
    indent = " " * len(label)
    lines = [_wrapped(item.said, indent).replace(indent, label, 1), _wrapped(item.advice, indent)]
    return "\n".join([*lines, indent + item.sql] if item.sql else lines)


def _wrapped(text: str, indent: str = "") -> str:
    # What is quoted may be copied: no word is cut.
    wrapper = TextWrapper(WIDTH, initial_indent=indent, subsequent_indent=indent)
    wrapper.break_long_words = wrapper.break_on_hyphens = False
    return wrapper.fill(text)


def _summary(findings: "list[Finding]") -> str:
    counts = Counter(item.severity for item in findings)
    if not counts:
        return "All is well."
    said = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items()]
    return " and ".join([", ".join(said[:-1])] * (len(said) > 1) + said[-1:]) + "."
