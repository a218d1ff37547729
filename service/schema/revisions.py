"""The revisions in `migrations/versions`, read without importing Alembic, which takes long."""

import ast
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from service.errors import ConfigurationError
from service.settings import ROOT

VERSIONS = ROOT / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema's history, as far as its file's constants tell."""

    id: str
    after: tuple[str, ...]
    title: str
    path: Path


def folder_of(directory: str | None = None) -> Path:
    """Find the files of a folder of migrations, by default this project's.

    Raises ConfigurationError when it is not one.
    """
    if not directory:
        return VERSIONS
    folder = Path(directory) / "versions"
    if not folder.is_dir():
        message = (
            f"{directory} is no folder of migrations, as it has no folder `versions`: "
            f"`flask db init {directory}` makes one."
        )
        raise ConfigurationError(message)
    return folder


@cache
def revisions(folder: Path = VERSIONS) -> tuple[Revision, ...]:
    """Read all revisions of a folder, in no particular order.

    Raises ConfigurationError, naming the file, when they are no history: an id twice, a revision
    that follows one which is not there, a circle.
    """
    found = tuple(_read(path) for path in sorted(folder.glob("*.py")))
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
                    "bring that file back, or correct down_revision."
                )
                raise ConfigurationError(message)
    if found and not {item.id for item in found} - {name for item in found for name in item.after}:
        message = f"The revisions in {folder} follow each other in a circle: correct down_revision."
        raise ConfigurationError(message)
    return found


def heads(folder: Path = VERSIONS) -> tuple[str, ...]:
    """Find the revisions that no other one follows; more than one are branches to be merged."""
    known = revisions(folder)
    followed = {revision for item in known for revision in item.after}
    return tuple(sorted(item.id for item in known if item.id not in followed))


def write(path: Path, text: str) -> None:
    """Write a revision's file, with line ends as they are in the text.

    What Python has compiled of an earlier text goes: by time, which it keeps in whole seconds, and
    size it would take it for that of the new one.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
    revisions.cache_clear()


def _read(path: Path) -> Revision:
    constants = {}
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
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
        if name in {"revision", "down_revision", "depends_on"}:
            constants[name] = ast.literal_eval(value)
    if "revision" not in constants:
        message = f"Revision file {path.name} does not say which revision it is: `revision = ...`."
        raise ConfigurationError(message)
    after: list[str] = []
    for name in ("down_revision", "depends_on"):
        said = constants.get(name) or ()
        after += [said] if isinstance(said, str) else said
    title = (ast.get_docstring(module) or "").partition("\n")[0].rstrip(".")
    return Revision(constants["revision"], tuple(after), title, path)
