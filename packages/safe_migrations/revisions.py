"""The revisions in a folder `versions`, read without importing Alembic, which takes long."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from plain_commands.errors import ConfigurationError

# As Alembic chooses files: no package's, and no lock that Emacs holds on a file.
_IS_REVISION = re.compile(r"(?!\.#|__init__)")
_CONSTANT = re.compile(r"(?:revision|down_revision|depends_on|branch_labels)\b[^=]*=")
_NEW_ID = re.compile(r"[\w.]{1,32}")
"""What fits into `alembic_version`, into a file's name, and into ranges and steps."""
_TAKEN = {"base", "current", "head", "heads"}


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema's history, as far as its file's constants tell."""

    id: str
    after: tuple[str, ...]
    title: str
    path: Path
    labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Those of `after` that are not `down_revision`."""

    @property
    def down(self) -> tuple[str, ...]:
        """Its `down_revision`."""
        return self.after[: len(self.after) - len(self.depends_on)]


@cache
def revisions(folder: Path) -> tuple[Revision, ...]:
    """Read all revisions of a folder, in no particular order.

    Raises ConfigurationError, naming the file, when they are no history: an id twice, a revision
    that follows one which is not there, a circle.
    """
    found = tuple(_read(path, _text(path)) for path in _files(folder))
    _check(found, folder)
    return found


def stated(path: Path) -> Revision | None:
    """Read what a file says of itself even if its code can't be; None when that does not do."""
    text = _text(path)
    constants = [line for line in text.splitlines() if _CONSTANT.match(line)]
    for shown in (text, "\n".join(constants)):
        try:
            return _read(path, shown)
        except ConfigurationError:
            pass
    return None


def check_stated(folder: Path) -> None:
    """Raise as `revisions` does, but not for files whose code can't be read."""
    _check(tuple(item for path in _files(folder) if (item := stated(path))), folder)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if _IS_REVISION.match(path.name)]


def _check(found: tuple[Revision, ...], folder: Path) -> None:
    by_id: dict[str, Revision] = {}
    for item in found:
        if item.id in by_id:
            message = (
                f"Revision {item.id} is in two files, {by_id[item.id].path.name} and "
                f"{item.path.name}: give one of them an id of its own."
            )
            raise ConfigurationError(message)
        by_id[item.id] = item
    for item in found:
        for parent in item.after:
            # A branch's label or a part of an id is for Alembic to resolve.
            if not any(known.startswith(parent) for known in by_id) and "@" not in parent:
                message = (
                    f"Revision {item.id} in {item.path.name} follows {parent}, which no file has: "
                    "restore that file, or correct down_revision."
                )
                raise ConfigurationError(message)
    if circle := _circle(found):
        names = ", ".join(f"{item.id} in {item.path.name}" for item in circle)
        message = (
            f"The revisions in {folder} follow each other in a circle: correct down_revision "
            f"({names})."
        )
        raise ConfigurationError(message)


def _circle(found: tuple[Revision, ...]) -> list[Revision]:
    """Find the revisions that wait for each other, and those behind them."""
    left = {item.id: item for item in found}
    while ready := [item for item in left.values() if left.keys().isdisjoint(item.after)]:
        for item in ready:
            del left[item.id]
    return list(left.values())


def heads(folder: Path) -> tuple[str, ...]:
    """Find the revisions that no other one follows; more than one are branches to be merged."""
    known = revisions(folder)
    followed = {revision for item in known for revision in item.after}
    return tuple(sorted(item.id for item in known if item.id not in followed))


def check_new(rev_id: str | None, labels: Iterable[str], folder: Path) -> None:
    """Raise ConfigurationError for names of a new revision that no history could have."""
    labels = tuple(labels)
    if not rev_id and not labels:
        return
    revisions.cache_clear()
    known = revisions(folder)
    if rev_id and (not _NEW_ID.fullmatch(rev_id) or rev_id in _TAKEN):
        message = (
            f"{rev_id} can't be the id of a revision: take up to 32 letters, digits, `_` and `.`, "
            f"and none of {', '.join(sorted(_TAKEN))}."
        )
        raise ConfigurationError(message)
    taken = {item.id: item for item in known}
    if rev_id in taken:
        message = f"{taken[rev_id].path.name} is revision {rev_id} already: take another id."
        raise ConfigurationError(message)
    taken |= {label: item for item in known for label in item.labels}
    for label in labels:
        if label in taken or label == rev_id:
            owner = taken[label].id if label in taken else rev_id
            message = f"The branch label {label} is taken by revision {owner}: take another one."
            raise ConfigurationError(message)


def in_docstring(text: str) -> str:
    """Write a text so that it can begin a docstring, whatever quotes and backslashes it holds."""
    text = text.replace("\\", r"\\")
    return text.replace('"', r"\"") if '"""' in text or text.startswith('"') else text


def write(path: Path, text: str) -> None:
    """Write a revision's file, with line ends as they are in the text.

    What Python has compiled of an earlier text goes: by time, which it keeps in whole seconds, and
    size it would take it for that of the new one.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
    revisions.cache_clear()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"Revision file {path.name} can't be read: {error.strerror}."
        raise ConfigurationError(message) from error
    except ValueError as error:
        message = f"Revision file {path.name} can't be read: {error}."
        raise ConfigurationError(message) from error


def _read(path: Path, text: str) -> Revision:
    constants: dict[str, tuple[str, ...]] = {}
    try:
        module = ast.parse(text, path.name)
    except (SyntaxError, ValueError) as error:
        message = f"Revision file {path.name} can't be read: {error}."
        raise ConfigurationError(message) from error
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            continue
        if name in {"revision", "down_revision", "depends_on", "branch_labels"}:
            constants[name] = _names(path, name, value)
    if not constants.get("revision"):
        message = f"Revision file {path.name} does not say which revision it is: `revision = ...`."
        raise ConfigurationError(message)
    if "down_revision" not in constants:
        message = (
            f"Revision file {path.name} does not say which revision it follows: "
            "`down_revision = ...`, or None for the first."
        )
        raise ConfigurationError(message)
    depends_on = constants.get("depends_on", ())
    after = constants["down_revision"] + depends_on
    title = (ast.get_docstring(module) or "").partition("\n")[0].rstrip(".")
    labels = constants.get("branch_labels", ())
    return Revision(constants["revision"][0], after, title, path, labels, depends_on)


def _names(path: Path, name: str, value: ast.expr) -> tuple[str, ...]:
    """Read a constant: a text, several, or None."""
    try:
        said = ast.literal_eval(value)
    except ValueError:
        said = NotImplemented
    names = (said,) if isinstance(said, str) else () if said is None else said
    if not isinstance(names, list | set | tuple) or not all(isinstance(one, str) for one in names):
        message = (
            f"Revision file {path.name} has no plain text as its `{name}`, which is read without "
            f'running the file: write `{name} = "..."`.'
        )
        raise ConfigurationError(message)
    return tuple(names)
