"""What a backfill is; revision files import this, so it imports little."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safe_migrations.backfill import statements


@dataclass(frozen=True, slots=True)
class Backfill:
    """A change of many rows, defined as a constant in the revision file that needs it.

    `name` is how `flask db backfill run NAME` finds it; it stays the same for good. `set` gives
    columns their new values, `where` narrows the rows down; both are SQL as it stands in an UPDATE.
    `key` names the columns of a unique index over NOT NULL columns by which the table is walked;
    without it, that is the primary key. A table without a key will do if no row of it is to change.

    Rows that are inserted behind the present position are not visited: the code that runs meanwhile
    must already write the new form, so first deploy it, then backfill.
    """

    name: str
    table: str
    set: Mapping[str, str]
    where: str | None = None
    key: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A fingerprint of what is to be done: a begun backfill must not go on as another one."""
        said = [self.table, dict(self.set), self.where, self.key]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def run(self, op: Any) -> None:
        """Change the rows, as a step of `upgrade()`: `FILL.run(op)`, with Alembic's `op`.

        Runs in batches on a connection of its own, after committing what the revision did before.
        When `flask db backfill run` has done all or a part of it, only the rest is done. With
        `--sql`, and inside a transaction that the caller of Alembic owns, it is one UPDATE.
        Raises LockedError and ConfigurationError as the command does.
        """
        context = op.get_context()
        if context.as_sql:
            # Not by op.execute(), which would take a `:word` for a parameter.
            write = context.impl.static_output
            write(f"-- Backfill {self.name}: with a connection, it runs in batches.")
            write(f"{statements.whole_update(self)};\n")
            return
        # What runs a backfill is not needed by whoever only reads the revisions.
        from safe_migrations.backfill.migration import run  # noqa: PLC0415

        run(self, op)
