"""Folds the oldest revisions into one, which makes the same schema at once.

The new revision takes the id of the last one that it replaces, so databases at that revision or a
later one notice nothing. Its operations are those that Alembic renders from the schema which the
old revisions make on an empty database; whether it really makes the same is then looked up in the
catalog of a second one, and nothing is written unless it does.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.script import ScriptDirectory
from alembic.script.write_hooks import _run_hooks
from alembic.util import CommandError
from sqlalchemy import URL, MetaData

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.errors import SeveralHeadsError
from safe_migrations.project import Project
from safe_migrations.revisions import Revision, heads, in_docstring, revisions, write
from safe_migrations.runner import configuration
from safe_migrations.scratch import catalog, connected_to, scratch, upgrade
from safe_migrations.standing import with_ancestors
from safe_migrations.tool_tables import TOOL_TABLES

_SHOWN = 10
_WHY = "Squashing proves its result on two scratch databases"


@dataclass(frozen=True, slots=True)
class Squashed:
    """The new revision's file, the files that it replaces, and tables whose first rows are lost."""

    path: Path
    text: str
    replaced: tuple[Revision, ...]
    seeded: tuple[str, ...]


def plan(
    project: Project,
    server: URL,
    *,
    upto: str | None = None,
    message: str = "Create the schema",
    stored: tuple[str, ...] = (),
) -> Squashed:
    """Make the revision that replaces all up to `upto` (the head), and prove that it does.

    Two scratch databases are made on `server` and dropped. `stored` are the
    revisions of the connected database. Raises ConfigurationError when a database would be left
    without a way, or something of the schema would be lost, with a list of it.
    """
    chain = _chain(project.versions, upto)
    if between := {item.id for item in chain[:-1]} & set(stored):
        message = (
            f"The connected database is at {', '.join(sorted(between))}, which would be folded: "
            f"bring it to {chain[-1].id} first (`flask db upgrade {chain[-1].id}`), and all others."
        )
        raise ConfigurationError(message)
    with scratch(server, _WHY) as old, scratch(server, _WHY) as new:
        upgrade(project, old, chain[-1].id)
        text = _render(old, new, chain[-1].id, message)
        with tempfile.TemporaryDirectory() as made:
            copy = Path(made)
            (copy / "versions").mkdir()
            shutil.copy(project.directory / "env.py", copy)
            (copy / "versions" / "squashed.py").write_text(text, encoding="utf-8")
            try:
                upgrade(project.at(copy), new, chain[-1].id)
            except PlainError as error:
                said = f"The squashed revision can't be applied, so nothing is written: {error}"
                raise ConfigurationError(said) from error
        _check_that_nothing_is_lost(catalog(old), catalog(new))
        seeded = tuple(sorted(_seeded(old) - _seeded(new)))
    slug = "_".join("".join(c if c.isalnum() else " " for c in message.lower()).split())
    name = f"{datetime.now(UTC):%Y_%m_%d}_{slug[:60]}.py"
    return Squashed(project.versions / name, text, chain, seeded)


def apply(squashed: Squashed, project: Project) -> None:
    """Write the new file, then remove those that it replaces; git has them still.

    What alembic.ini has done to each new revision, such as formatting, is done to this one.
    """
    old = {item.path for item in squashed.replaced} - {squashed.path}
    write(squashed.path, squashed.text)
    for path in old:
        path.unlink()
    revisions.cache_clear()
    hooks = ScriptDirectory.from_config(configuration(project, lenient=True)).hooks
    _run_hooks(str(squashed.path), hooks)


def _chain(folder: Path, upto: str | None) -> tuple[Revision, ...]:
    revisions.cache_clear()
    known = {item.id: item for item in revisions(folder)}
    if not known:
        message = "There are no revisions yet: nothing to squash."
        raise ConfigurationError(message)
    if upto is None and len(heads(folder)) != 1:
        message = (
            f"The revisions have {len(heads(folder))} heads: join them (`flask db rebase`), "
            "or name the revision up to which to squash."
        )
        raise SeveralHeadsError(message)
    last = upto or heads(folder)[0]
    if last not in known:
        message = f"There is no revision {last}: `flask db history` lists them."
        raise ConfigurationError(message)
    folded = sorted(
        (known[item] for item in with_ancestors([last], known)),
        key=lambda item: len(with_ancestors([item.id], known)),
    )
    if len(folded) < 2:  # noqa: PLR2004  the fewest that can become one
        message = f"Up to {last} there is one revision only: nothing to squash."
        raise ConfigurationError(message)
    gone = {item.id for item in folded[:-1]}
    for item in known.values():
        if item not in folded and gone & set(item.after):
            message = (
                f"Revision {item.id} branches off at {', '.join(item.after)}, which would be "
                "folded: rebase it first (`flask db rebase`)."
            )
            raise ConfigurationError(message)
    return tuple(folded)


def _render(old: URL, new: URL, revision: str, message: str) -> str:
    metadata = MetaData()
    with connected_to(old) as connection:
        metadata.reflect(connection, only=lambda name, _: name not in TOOL_TABLES)
    with connected_to(new) as connection:
        context = MigrationContext.configure(connection)
        try:
            script = produce_migrations(context, metadata)
        except CommandError as error:
            raise ConfigurationError(str(error)) from error
        up, down = (
            render_python_code(ops, migration_context=context)
            for ops in (script.upgrade_ops or UpgradeOps(), script.downgrade_ops or DowngradeOps())
        )
    lines = "import sqlalchemy as sa\nfrom alembic import op"
    if "postgresql." in up + down:
        lines += "\nfrom sqlalchemy.dialects import postgresql"
    return (
        f'"""{in_docstring(message.rstrip("."))}.\n\nRevision {revision}, squashed on '
        f'{datetime.now(UTC):%Y-%m-%d}; it follows no other.\n"""\n\n{lines}\n\n'
        f'revision = "{revision}"\ndown_revision = None\nbranch_labels = None\n'
        'depends_on = None\n\n\ndef upgrade() -> None:\n    """Apply the change."""\n'
        f'    {up}\n\n\ndef downgrade() -> None:\n    """Take the change back."""\n'
        f"    {down}\n"
    )


def _seeded(url: URL) -> set[str]:
    """Name the tables that have rows."""
    with connected_to(url) as connection:
        metadata = MetaData()
        metadata.reflect(connection, only=lambda name, _: name not in TOOL_TABLES)
        return {
            table.name
            for table in metadata.sorted_tables
            if connection.execute(table.select().limit(1)).first()
        }


def _check_that_nothing_is_lost(old: dict[str, str], new: dict[str, str]) -> None:
    differences = [
        f"{name} ({'missing' if name not in new else 'other' if name in old else 'added'})"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if differences:
        shown = ", ".join(differences[:_SHOWN]) + (", ..." if len(differences) > _SHOWN else "")
        message = (
            f"Nothing is written: Alembic can't express all of this schema ({shown}). Squash up to "
            "a revision before these, and keep the rest as it is."
        )
        raise ConfigurationError(message)
