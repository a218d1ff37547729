"""A rehearsal in words: for a terminal, and as Markdown for a pull request's comment."""

from textwrap import shorten

from safe_migrations.rehearsal.report import Leg, Rehearsal, Statement

NOTHING = "Nothing is pending: there is nothing to rehearse."
_WIDTH = 96
_WIDTH_IN_TABLE = 70
_SECOND_MS = 1000
_OUTCOMES = {
    "ok": "Downgrade: ok; schema and data are what they were before, and a second upgrade works.",
    "impossible": "Downgrade: not possible.",
    "schema differs": "Downgrade: runs, but the schema is not what it was.",
    "data differs": "Downgrade: runs, but loses or changes data.",
    "not rehearsed": "Downgrade: not rehearsed.",
}


def as_text(found: Rehearsal) -> str:
    """Write it for a terminal."""
    lines = [f"{summary(found)}", f"On a {found.copy}, of {found.source}."]
    lines += ["", *_leg("Upgrade", found.upgrade)]
    if found.downgrade:
        lines += ["", *_leg("Downgrade", found.downgrade)]
    if not found.upgrade.failure:
        lines += ["", _OUTCOMES[found.outcome], *(f"  {item}" for item in found.findings)]
    if found.kept:
        lines += ["", f"The copy is kept: {found.kept}."]
    return "\n".join(lines)


def as_markdown(found: Rehearsal) -> str:
    """Write it as a comment: a summary, a table of the upgrade, and the rest folded away."""
    parts = [f"**{summary(found)}**"]
    if found.upgrade.failure:
        parts.append(_failure_in_markdown(found.upgrade))
    parts.append(_table(found.upgrade))
    if not found.upgrade.failure:
        said = [_OUTCOMES[found.outcome], *(f"- {item}" for item in found.findings)]
        parts.append("\n".join([said[0], "", *said[1:]]).strip())
    statements = "\n\n".join(
        f"-- {item.revision}: {_details(item)}\n{item.sql};" for item in found.upgrade.statements
    )
    parts.append(_folded("Statements of the upgrade", f"```sql\n{statements}\n```"))
    if found.downgrade and found.downgrade.statements:
        parts.append(_folded("Downgrade", _table(found.downgrade)))
    parts.append(f"On a {found.copy}, of `{found.source}`.")
    if found.kept:
        parts.append(f"The copy is kept: {found.kept}.")
    return "\n\n".join(part for part in parts if part)


def summary(found: Rehearsal) -> str:
    """Say in a line how the upgrade went."""
    revisions = _count(len(found.revisions), "revision")
    upgrade = found.upgrade
    if upgrade.failure:
        return f"The upgrade by {revisions} fails at {upgrade.failure.revision or 'its start'}."
    said = (
        f"The upgrade by {revisions} takes {_duration(upgrade.duration_ms)}, with "
        f"{_count(len(upgrade.statements), 'statement')}"
    )
    longest = upgrade.longest_stop
    if longest is None:
        return f"{said}; nobody has to wait."
    waits = _duration(longest.longest_ms)
    return f"{said}; the longest stops {longest.stops} for {waits}."


def _leg(title: str, leg: Leg) -> list[str]:
    lines = [f"{title} ({_duration(leg.duration_ms)})"]
    revision = None
    for item in leg.statements:
        if item.revision != revision:
            revision = item.revision
            lines.append(f"  {revision}")
        lines.append(f"    {shorten(item.sql, _WIDTH, placeholder=' ...')}")
        lines.append(f"      {_details(item)}")
    if leg.failure:
        lines.append(f"  {leg.failure.revision or 'Before any revision'} fails:")
        if leg.failure.statement:
            lines.append(f"    {' '.join(leg.failure.statement.split())}")
        lines += [f"      {line}" for line in leg.failure.message.splitlines()]
    return lines


def _details(item: Statement) -> str:
    said = [_time(item)]
    if locks := _locks(item):
        said.append(locks)
    if item.stops:
        said.append(f"stops {item.stops}")
    if work := _work(item):
        said.append(work)
    return ", ".join(said)


def _table(leg: Leg) -> str:
    if not leg.statements:
        return ""
    lines = ["| revision | statement | time | locks | stops | work |"]
    lines.append("| --- | --- | ---: | --- | --- | --- |")
    for item in leg.statements:
        sql = shorten(item.sql, _WIDTH_IN_TABLE, placeholder=" ...")
        cells = [f"`{item.revision}`", f"`{sql}`", _time(item), _locks(item), item.stops or ""]
        cells = [cell.replace("|", "\\|") for cell in [*cells, _work(item)]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _failure_in_markdown(leg: Leg) -> str:
    failure = leg.failure
    if failure is None:
        return ""
    statement = f"{failure.statement.strip()}\n\n" if failure.statement else ""
    return f"```\n{statement}{failure.message}\n```"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _time(item: Statement) -> str:
    said = _duration(item.duration_ms)
    if item.times > 1:
        said += f" ({item.times:,} times, the longest {_duration(item.longest_ms)})"
    return said


def _locks(item: Statement) -> str:
    if not item.are_locks_known:
        return "locks not seen, it was too quick"
    return ", ".join(
        f"{lock.mode} on {lock.table}{' (new)' if lock.is_new_table else ''}" for lock in item.locks
    )


def _work(item: Statement) -> str:
    said = [
        f"rewrites {table}" + (f" ({rows:,} rows)" if rows is not None else "")
        for table, rows in item.rewritten.items()
    ]
    if item.rows is not None:
        said.append(_count(item.rows, "row"))
    return ", ".join(said)


def _duration(milliseconds: float) -> str:
    if milliseconds < _SECOND_MS:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds / _SECOND_MS:.1f} s"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
