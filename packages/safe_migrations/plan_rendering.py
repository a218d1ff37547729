"""Writes a plan: for people, as Markdown for a pull request, and as a document for programs."""

from textwrap import indent, shorten
from typing import Any

from safe_migrations.lint.catalog import Size
from safe_migrations.lint.finding import Finding
from safe_migrations.plan import PlannedRevision, PlannedStatement, Touched

NOTHING = "Nothing is pending: the database is there already."
_WIDTH = 96
_KIB = 1024


def as_text(revisions: tuple[PlannedRevision, ...]) -> str:
    """Write a plan for a terminal."""
    if not revisions:
        return NOTHING
    parts = []
    for revision in revisions:
        parts.append(_heading(revision))
        parts += [indent(_statement(item), "  ") for item in revision.statements]
        parts += [indent(_advice(item), "  ") for item in revision.findings]
    return "\n\n".join([*parts, _summary(revisions)])


def _heading(revision: PlannedRevision) -> str:
    return f"{revision.revision}  {revision.title}".rstrip()


def _statement(item: PlannedStatement) -> str:
    lines = [shorten(item.sql, _WIDTH, placeholder=" ...")]
    details = [_transaction(item), f"risk {item.risk}"]
    lines.append("  " + ", ".join(details))
    lines += [f"  {_touched(touched)}" for touched in item.tables]
    lines += [indent(_advice(finding), "  ") for finding in item.findings]
    return "\n".join(lines)


def _transaction(item: PlannedStatement) -> str:
    return f"transaction {item.transaction}" if item.transaction else "outside a transaction"


def _touched(item: Touched) -> str:
    work = [text for text, is_so in (("rewrite", item.rewrites), ("scan", item.scans)) if is_so]
    return ", ".join([f"{item.lock} on {item.table}", _size(item.size), *work])


def _advice(item: Finding) -> str:
    return f"{item.rule}: {item.why}\n{indent(item.fix, '    ')}"


def _summary(revisions: tuple[PlannedRevision, ...]) -> str:
    statements = [item for revision in revisions for item in revision.statements]
    high = sum(item.risk == "high" for item in statements)
    return (
        f"{_count(len(revisions), 'revision')}, {_count(len(statements), 'statement')}, "
        f"{high or 'none'} of high risk."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _size(size: Size | None) -> str:
    if size is None:
        return "new"
    rows = "rows not counted yet" if size.rows is None else f"about {size.rows:,} rows"
    return f"{rows}, {human(size.bytes)}"


def human(number: float) -> str:
    """Write a number of bytes with a fitting unit, as 12.3 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < _KIB:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _KIB
    return f"{number:.1f} TiB"


def as_markdown(revisions: tuple[PlannedRevision, ...]) -> str:
    """Write a plan as Markdown: a table for each revision, and the safer ways below it."""
    if not revisions:
        return NOTHING
    parts = ["## Schema changes", _summary(revisions)]
    for revision in revisions:
        parts.append(f"### {_heading(revision)}")
        rows = [_row(item) for item in revision.statements]
        header = ["| statement | transaction | locks | rewrite | scan | risk |"]
        parts.append("\n".join([*header, "|---|---|---|---|---|---|", *rows]))
        findings = [finding for item in revision.statements for finding in item.findings]
        parts += [_advice_in_markdown(item) for item in (*findings, *revision.findings)]
    return "\n\n".join(parts)


def _row(item: PlannedStatement) -> str:
    locks = "<br>".join(
        f"{touched.lock} on `{touched.table}` ({_size(touched.size)})" for touched in item.tables
    )
    sql = shorten(item.sql, _WIDTH, placeholder=" ...").replace("|", "\\|")
    transaction = str(item.transaction or "none")
    answers = ("yes" if item.rewrites else "no", "yes" if item.scans else "no", item.risk)
    return "| " + " | ".join([f"`{sql}`", transaction, locks or "none", *answers]) + " |"


def _advice_in_markdown(item: Finding) -> str:
    return f"**{item.rule}** (line {item.line}): {item.why}\n\n```python\n{item.fix}\n```"


def as_document(revisions: tuple[PlannedRevision, ...]) -> dict[str, Any]:
    """Write a plan as what `--json` prints, with the whole SQL."""
    return {
        "revisions": [
            {
                "revision": revision.revision,
                "title": revision.title,
                "statements": [_statement_document(item) for item in revision.statements],
                "findings": [_finding_document(item) for item in revision.findings],
            }
            for revision in revisions
        ]
    }


def _statement_document(item: PlannedStatement) -> dict[str, Any]:
    return {
        "sql": item.sql,
        "line": item.line,
        "transaction": item.transaction,
        "tables": [
            {
                "table": touched.table,
                "lock": str(touched.lock),
                "rewrites": touched.rewrites,
                "scans": touched.scans,
                "rows": touched.size.rows if touched.size else None,
                "bytes": touched.size.bytes if touched.size else None,
                "is_new": touched.size is None,
            }
            for touched in item.tables
        ],
        "rewrites": item.rewrites,
        "scans": item.scans,
        "risk": item.risk,
        "findings": [_finding_document(finding) for finding in item.findings],
    }


def _finding_document(item: Finding) -> dict[str, Any]:
    return {"rule": item.rule, "line": item.line, "why": item.why, "fix": item.fix}
