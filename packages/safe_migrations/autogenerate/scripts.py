"""Cuts the changes of a comparison into revision files, each of which can be applied safely."""

from collections.abc import Iterable, Iterator
from operator import itemgetter

from alembic import util
from alembic.operations.ops import DowngradeOps, MigrateOperation, MigrationScript, UpgradeOps

from safe_migrations.autogenerate.changes import Change, Concurrently, Phase

_TITLES = {
    Phase.VALUES: "values of enums",
    Phase.CHANGE: "",
    Phase.REQUIRE: "require",
    Phase.VALIDATE: "validate",
    Phase.ENFORCE: "enforce",
    Phase.INDEXES: "indexes",
    Phase.KEYS: "foreign keys",
    Phase.VALIDATE_KEYS: "validate foreign keys",
}
_LONGEST_TITLE = 40
"""So that the file name, which Alembic cuts at 60 characters, keeps the word behind it."""


def scripts(first: MigrationScript, changes: Iterable[Change]) -> list[MigrationScript]:
    """Make one revision per phase, each following the one before; ENFORCE has one per table.

    `first` is the revision that Alembic would have written; id, place and title come from it.
    """
    changes = list(changes)
    title = first.message or _title(changes)
    made: list[MigrationScript] = []
    for phase, group in _groups(changes):
        upgrade, downgrade = _operations(group, phase)
        if not upgrade and not downgrade:
            continue
        suffix = _TITLES[phase]
        made.append(
            MigrationScript(
                rev_id=util.rev_id() if made else first.rev_id,
                message=f"{title[:_LONGEST_TITLE].rstrip()}: {suffix}" if suffix else title,
                upgrade_ops=UpgradeOps(upgrade),
                downgrade_ops=DowngradeOps(downgrade),
                head=made[-1].rev_id if made else first.head,
                splice=None if made else first.splice,
                branch_label=None if made else first.branch_label,
                version_path=first.version_path,
                depends_on=None if made else first.depends_on,
            )
        )
    if len(made) == 1:
        made[0].message = title
    return made


def _groups(changes: list[Change]) -> Iterator[tuple[Phase, list[Change]]]:
    """Cut the changes into phases, and where readers are stopped, into tables.

    Two tables in one transaction would stop the readers of the first until the second is locked.
    """
    for phase in Phase:
        if phase is not Phase.ENFORCE:
            yield phase, changes
            continue
        for table in dict.fromkeys(change.table for change in changes):
            yield phase, [change for change in changes if change.table == table]


def _operations(
    changes: list[Change], phase: Phase
) -> tuple[list[MigrateOperation], list[MigrateOperation]]:
    ordered = [
        (change.order if step.order is None else step.order, step)
        for change in changes
        for step in change.steps
        if step.phase is phase
    ]
    steps = [step for _, step in sorted(ordered, key=itemgetter(0))]
    upgrade = [operation for step in steps for operation in step.up]
    downgrade = [operation for step in reversed(steps) for operation in step.down]
    return _in_one_block(upgrade), _in_one_block(downgrade)


def _in_one_block(operations: list[MigrateOperation]) -> list[MigrateOperation]:
    """Put what runs outside of a transaction first.

    When one of these fails, nothing of the transaction behind them has been committed, and the
    revision can be run again.
    """
    outside = [item for item in operations if isinstance(item, Concurrently)]
    inside = [item for item in operations if not isinstance(item, Concurrently)]
    merged = Concurrently(*(one for item in outside for one in item.operations))
    return [merged, *inside] if outside else inside


def _title(changes: list[Change]) -> str:
    tables = sorted({change.table or change.name for change in changes})
    *most, last = tables
    return f"Change {', '.join(most)} and {last}" if most else f"Change {last}"
