"""Puts one's own revisions behind those of somebody else that landed first."""

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from plain_commands.errors import ConfigurationError
from safe_migrations.errors import SeveralHeadsError
from safe_migrations.revisions import Revision, heads, revisions, write
from safe_migrations.standing import with_ancestors

_CONSTANT = re.compile(r"^down_revision\b[^=\n]*=\s*(?P<value>.+?)\s*$", re.MULTILINE)
_FOLLOWS = re.compile(r"(it follows )[^.\n]+(?=\.)")
_DATE = re.compile(r"\bof (\d{4}-\d{2}-\d{2})\b")


@dataclass(frozen=True, slots=True)
class Rebase:
    """A file to be changed: the `first` own revision, which follows `onto` instead of `before`.

    `reason` says in a sentence why these are the ones that move, `moved` are all of them.
    """

    first: Revision
    before: str | None
    onto: str
    moved: tuple[str, ...]
    reason: str


def plan(
    folder: Path,
    *,
    revision: str | None = None,
    onto: str | None = None,
    applied: Collection[str] = (),
) -> Rebase:
    """Find what is to be changed; `applied` are the revisions that the database has.

    Without `revision` there must be two heads: the one that moves is not applied where the other
    one is, else it is the newer by the date in its file. Raises SeveralHeadsError when that doesn't
    tell, ConfigurationError when the revisions can't be moved.
    """
    revisions.cache_clear()
    known = {item.id: item for item in revisions(folder)}
    own, other, reason = _sides(known, heads(folder), revision, onto, applied)
    mine = with_ancestors([own], known) - with_ancestors([other], known)
    if not mine:
        message = f"{own} is already an ancestor of {other}: there is nothing to move."
        raise ConfigurationError(message)
    for item in sorted(mine & set(applied)):
        message = (
            f"Revision {item} is applied to the connected database: take it back first "
            "(`flask db downgrade`), then rebase, then upgrade."
        )
        raise ConfigurationError(message)
    first = _first(known, mine)
    return Rebase(first, next(iter(first.after), None), other, tuple(sorted(mine)), reason)


def apply(rebase: Rebase) -> None:
    """Rewrite `down_revision`, and the line of the docstring on it; nothing else changes."""
    with rebase.first.path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    found = _CONSTANT.search(text)
    if found is None:  # Unless the constant is a line of its own, the plan has refused already.
        message = f"{rebase.first.path} has no line `down_revision = ...`."
        raise ConfigurationError(message)
    text = text[: found.start("value")] + f'"{rebase.onto}"' + text[found.end("value") :]
    docstring = ast.get_docstring(ast.parse(text), clean=False)
    if docstring and docstring in text:
        follows = _FOLLOWS.sub(rf"\g<1>{rebase.onto}", docstring, count=1)
        text = text.replace(docstring, follows, 1)
    write(rebase.first.path, text)


def _sides(
    known: dict[str, Revision],
    all_heads: tuple[str, ...],
    revision: str | None,
    onto: str | None,
    applied: Collection[str],
) -> tuple[str, str, str]:
    """Name the head that moves, the one that it goes behind, and why."""
    if not known:
        message = "There are no revisions yet: nothing to rebase."
        raise ConfigurationError(message)
    for given in (revision, onto):
        if given and given not in known:
            message = f"There is no revision {given}: `flask db history` lists them."
            raise ConfigurationError(message)
    if revision:
        own = next(head for head in all_heads if revision in with_ancestors([head], known))
        others = [onto] if onto else [head for head in all_heads if head != own]
        if len(others) == 1:
            return own, others[0], f"{revision} was named."
    elif onto:
        others = [head for head in all_heads if onto not in with_ancestors([head], known)]
        if len(others) == 1:
            return others[0], onto, f"{others[0]} is the head that does not follow {onto}."
    if len(all_heads) == 1:
        message = f"There is one head, {all_heads[0]}: nothing to rebase."
        raise ConfigurationError(message)
    if len(all_heads) > 2 or revision or onto:  # noqa: PLR2004  two sides
        message = (
            f"The heads are {', '.join(all_heads)}: say which one moves and where to, "
            "`flask db rebase REVISION --onto HEAD`."
        )
        raise SeveralHeadsError(message)
    return _newer(known, all_heads, applied)


def _newer(
    known: dict[str, Revision], pair: tuple[str, ...], applied: Collection[str]
) -> tuple[str, str, str]:
    there = [head for head in pair if head in applied]
    if len(there) == 1:
        [own] = [head for head in pair if head not in there]
        return own, there[0], f"{there[0]} is applied to the database, {own} is not."
    (old, older), (new, newer) = sorted((_date(known[head]), head) for head in pair)
    if old == new:
        message = (
            f"The heads {pair[0]} and {pair[1]} are of the same day: say which one moves, "
            f"`flask db rebase {pair[0]}` or `flask db rebase {pair[1]}`."
        )
        raise SeveralHeadsError(message)
    return newer, older, f"{newer} is of {new}, {older} of {old}."


def _date(revision: Revision) -> str:
    text = revision.path.read_text(encoding="utf-8")
    found = _DATE.search(ast.get_docstring(ast.parse(text)) or "")
    return found[1] if found else revision.path.name[:10].replace("_", "-")


def _first(known: dict[str, Revision], mine: set[str]) -> Revision:
    """Find where the own revisions begin; raises ConfigurationError if that is not one place."""
    first = [known[item] for item in mine if not set(known[item].after) & mine]
    merges = [item for item in mine if len(known[item].after) > 1]
    labelled = [item for item in mine if _is_entangled(known[item].path)]
    if len(first) != 1 or merges or labelled:
        which = ", ".join(sorted(merges or labelled or [item.id for item in first]))
        message = (
            f"{which} can't be moved: merge revisions, branch labels and depends_on have a meaning "
            "that moving would change. Use `flask db merge heads` instead."
        )
        raise ConfigurationError(message)
    return first[0]


def _is_entangled(path: Path) -> bool:
    values = {
        node.targets[0].id: node.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    chosen = (values.get(name) for name in ("branch_labels", "depends_on"))
    return any(value is not None and ast.literal_eval(value) is not None for value in chosen)
