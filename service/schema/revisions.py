"""The revisions in `migrations/versions`, read without importing Alembic, which takes long."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from service.settings import ROOT

VERSIONS = ROOT / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the schema's history, as far as its file's constants tell."""

    id: str
    after: tuple[str, ...]
    path: Path


@cache
def revisions(folder: Path = VERSIONS) -> tuple[Revision, ...]:
    """Read all revisions of a folder, in no particular order."""
    return tuple(_read(path) for path in sorted(folder.glob("*.py")))


def heads(folder: Path = VERSIONS) -> tuple[str, ...]:
    """Find the revisions that no other one follows; more than one are branches to be merged."""
    known = revisions(folder)
    followed = {revision for item in known for revision in item.after}
    return tuple(sorted(item.id for item in known if item.id not in followed))


def _read(path: Path) -> Revision:
    constants = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            continue
        if name in {"revision", "down_revision", "depends_on"}:
            constants[name] = ast.literal_eval(value)
    after: list[str] = []
    for name in ("down_revision", "depends_on"):
        said = constants.get(name) or ()
        after += [said] if isinstance(said, str) else said
    return Revision(constants["revision"], tuple(after), path)
