"""Which revisions are looked at, and which come before them."""

from collections.abc import Iterable
from dataclasses import dataclass

from alembic.script import Script, ScriptDirectory


@dataclass(frozen=True, slots=True)
class Range:
    """Revisions to look at, in the order in which they run, and those before them.

    `each_alone` is to judge each as if it were deployed on its own: nobody knows where the database
    stands.
    """

    before: tuple[Script, ...]
    inside: tuple[Script, ...]
    each_alone: bool


def pending(directory: ScriptDirectory, stored: tuple[str, ...], target: str = "heads") -> Range:
    """Find what `upgrade` to a target would run on a database; raises CommandError as it does."""
    steps = directory._upgrade_revs(target, stored)  # type: ignore[arg-type]  # noqa: SLF001
    return Range(
        before=tuple(_with_ancestors(directory, stored)),
        inside=tuple(step.revision for step in steps),
        each_alone=not stored,
    )


def chosen(directory: ScriptDirectory, text: str | None) -> Range:
    """Find the revisions of a range, all without one; raises CommandError for unknown ones.

    `a:b` are those after `a` up to `b`, as for `upgrade a:b --sql`; either may be left out. A
    single name is that revision, `heads` all the newest.
    """
    if text is None:
        return Range((), _between(directory, "base", "heads"), each_alone=True)
    start, colon, end = text.partition(":")
    if colon:
        inside = _between(directory, start or "base", end or "heads")
    else:
        inside = tuple(item for item in directory.get_revisions(text) if item)
    ids = {item.revision for item in inside}
    parents = {parent for item in inside for parent in item._all_down_revisions}  # noqa: SLF001
    before = [item for item in _with_ancestors(directory, parents) if item.revision not in ids]
    return Range(tuple(before), inside, each_alone=not (colon and start and start != "base"))


def applied(directory: ScriptDirectory, stored: Iterable[str]) -> set[str]:
    """Name the revisions that a database has had."""
    return {item.revision for item in _with_ancestors(directory, stored)}


def _between(directory: ScriptDirectory, lower: str, upper: str) -> tuple[Script, ...]:
    return tuple(reversed(list(directory.iterate_revisions(upper, lower))))


def _with_ancestors(directory: ScriptDirectory, revisions: Iterable[str]) -> list[Script]:
    names: set[str] = set()
    left = [item for name in revisions for item in directory.get_revisions(name) if item]
    while left:
        script = left.pop()
        if script.revision not in names:
            names.add(script.revision)
            below = script._all_down_revisions  # noqa: SLF001  with those that it depends on
            left += [item for name in below for item in directory.get_revisions(name) if item]
    return [item for item in _between(directory, "base", "heads") if item.revision in names]
