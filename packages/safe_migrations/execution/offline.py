"""Writes a command's SQL instead of running it, fit for psql and as careful as the run itself."""

import io
import sys
from types import ModuleType
from typing import Any, TextIO

from safe_migrations.applied import Recorder
from safe_migrations.execution.lock_timeout import LockTimeout
from safe_migrations.execution.statements import OUTSIDE_TRANSACTION, timeouts
from safe_migrations.settings import SchemaSettings


def write_sql(context: ModuleType, options: dict[str, Any], settings: SchemaSettings) -> None:
    """Write the SQL to the standard output, or the config's output buffer.

    Each revision is a transaction of its own, and the timeouts are set as they are in a run.
    """
    chosen = timeouts(settings)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names and texts are in UTF-8 whatever the terminal's locale.
        sys.stdout.reconfigure(encoding="utf-8")
    script = _Script(
        context.config.output_buffer or context.config.stdout, settings.schema_lock_timeout_ms
    )
    context.configure(
        dialect_name="postgresql",
        # psycopg2's own style would double every % of a text.
        dialect_opts={"paramstyle": "named"},
        literal_binds=True,
        output_buffer=script,
        on_version_apply=Recorder(),
        **options,
    )
    script.write("-- Stop at the first error: psql --set ON_ERROR_STOP=1 --file upgrade.sql\n")
    for name, value in chosen.items():
        script.write(f"SET {name} = '{value}';\n")
    script.write("\n")
    with context.begin_transaction():
        context.run_migrations()


class _Script:
    """A stream that sees to the timeout of locks.

    It takes it from statements that may wait long and hinder nobody, and gives it back to those
    that come after one that takes it away.
    """

    def __init__(self, stream: TextIO, lock_timeout_ms: int) -> None:
        self._stream = stream
        self._lock_timeout = f"{lock_timeout_ms}ms"
        self._limit = LockTimeout(lock_timeout_ms)

    def write(self, text: str) -> int:
        """Write a piece of the script, which is a whole statement if it is one at all."""
        if OUTSIDE_TRANSACTION.match(text):
            text = f"SET lock_timeout = 0;\n\n{text}SET lock_timeout = '{self._lock_timeout}';\n\n"
        else:
            text = self._limit.kept_in_script(text)
        return self._stream.write(text)

    def flush(self) -> None:
        """Pass it on."""
        self._stream.flush()
