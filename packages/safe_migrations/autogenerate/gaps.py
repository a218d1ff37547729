"""What a comparison could not see all of."""

from collections.abc import Iterable
from dataclasses import dataclass

from alembic.operations.ops import UpgradeOps

from safe_migrations.autogenerate.comparators import INCOMPLETE


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A table that could not be compared in full, and why not."""

    table: str
    reason: str


def incomplete(upgrade: UpgradeOps) -> list[Incomplete]:
    """List the tables that a comparison could not see all of."""
    found = upgrade.info.get(INCOMPLETE, {})
    return [Incomplete(str(place), reason) for place, reason in found.items()]


def said(found: Iterable[Incomplete]) -> list[str]:
    """Say what could not be compared, one sentence for each reason."""
    tables: dict[str, list[str]] = {}
    for item in found:
        tables.setdefault(item.reason, []).append(item.table)
    return [
        f"Not compared in full: {', '.join(names)}. The database can't make what the models say "
        f"({reason}): CHECKs, expressions, predicates and methods of indexes, primary keys, "
        "EXCLUDE and collations may differ unseen."
        for reason, names in tables.items()
    ]
