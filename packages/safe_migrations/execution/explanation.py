"""What the errors of Alembic and of the database mean to who runs a command."""

import re
from collections.abc import Iterable
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

import psycopg2
from alembic.script import revision
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.errors import BehindError, DriftError, SeveralHeadsError
from safe_migrations.execution import rows
from serverless_postgres.losses import describe, is_connection_loss, original

_SHOWN = 200
_HERE = Path(__file__).parents[1]
_READ_ONLY = (
    " Either this is a replica, and the URL of the primary is wanted, or somebody has closed the "
    "database to writes: `ALTER DATABASE ... RESET default_transaction_read_only` opens it again "
    "(or ALTER ROLE, where it is set for the role)."
)
_KNOWN: tuple[tuple[str, type[PlainError], str], ...] = (
    (
        r"Can't locate revision identified by '([-+]\d+)'",
        ConfigurationError,
        "{} is a step, which is taken by `upgrade` and `downgrade`: name a revision here.",
    ),
    (
        "Multiple head|is ambiguous|more than one head",
        SeveralHeadsError,
        (
            "Join the heads with `flask db merge heads -m 'Join them'`, or put your own revision "
            "behind the other one with `flask db rebase`."
        ),
    ),
    ("Target database is not up to date", BehindError, "Run `flask db upgrade` first."),
    ("New upgrade operations detected", DriftError, ""),
    ("not on all head revisions", BehindError, "Run `flask db upgrade`."),
    (
        "Can't locate revision identified by '(.+)'",
        ConfigurationError,
        (
            "`flask db history` lists those in the code; if the database itself is at {}, this "
            "code is older than the database: update it."
        ),
    ),
    (
        "Ambiguous (walk|upgrade)",
        SeveralHeadsError,
        "More than one revision is that step away: name the one to go to, or `heads`.",
    ),
    ("No such branch", ConfigurationError, "`flask db heads` and `branches` list them."),
    (
        r"Relative revision \S+ didn't produce",
        ConfigurationError,
        "There are not that many that way: `flask db history -i` shows where the database is.",
    ),
)


def explain(error: Exception, heads: Iterable[object] = ()) -> PlainError:
    """Find the error to tell: one or two sentences with the way out, and an exit code.

    `heads` are named where there are too many of them.
    """
    if isinstance(error, PlainError):
        return error
    if isinstance(error, DBAPIError | psycopg2.Error):
        return _database_error(error)
    # A chain of errors is a list of lines; the last is the one that counts.
    said = str(error).strip().splitlines()[-1].rstrip(".")
    for pattern, kind, way_out in _KNOWN:
        if match := re.search(pattern, said):
            # One alone is that of another folder.
            if kind is SeveralHeadsError and len(names := [*map(str, heads)]) > 1:
                said = f"There are several heads: {' and '.join(names)}"
            elif said.startswith("Ambiguous"):  # Below a merge, both sides are a step away.
                return ConfigurationError(f"{said}. {way_out}")
            return kind(f"{said}. {way_out.format(*match.groups())}".strip())
    return ConfigurationError(f"{said}.")


def blame(error: BaseException, folder: Path) -> PlainError | None:
    """Name the file of a folder of revisions that an error comes from; None when it is another's.

    Python's own message rarely tells which of many files it is about.
    """
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        path = Path(error.obj.__file__ or "")
        if path.parent.resolve() == folder.resolve():
            return ConfigurationError(f"Revision file {path.name} has no `{error.name}`: add it.")
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    if isinstance(error, AssertionError) and frames[-1].f_code.co_filename == revision.__file__:
        message = "No revision is that many steps away: `flask db history` lists them."
        return ConfigurationError(message)
    lines = [
        (Path(frame.f_code.co_filename), line)
        for frame, line in walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).parent.resolve() == folder.resolve()
    ]
    if not lines:
        return None
    path, line = lines[-1]
    said = " ".join(str(error).split()).rstrip(".")
    return ConfigurationError(
        f"Revision file {path.name} fails in line {line}: {type(error).__name__}: {said}."
    )


def blame_env(error: BaseException, folder: Path) -> PlainError | None:
    """Name the line of env.py that an error comes from; None when `run` was called by then."""
    frames = [
        (Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)
    ]
    env = (folder / "env.py").resolve()
    places = [at for at, (path, _) in enumerate(frames) if path.resolve() == env]
    if not places or any(_HERE in path.parents for path, _ in frames[places[-1] :]):
        return None
    said = " ".join(str(error).split()).rstrip(".")
    line = frames[places[-1]][1]
    return ConfigurationError(f"env.py fails in line {line}: {type(error).__name__}: {said}.")


def _database_error(error: DBAPIError | psycopg2.Error) -> PlainError:
    cause = original(error)
    if is_connection_loss(error) or not getattr(cause, "pgcode", None):
        return ConfigurationError(describe(error))
    lines = str(cause).strip().splitlines()
    detail = next((line for line in lines if line.startswith("DETAIL:")), "")
    said = f"{lines[0]}. {detail.removeprefix('DETAIL:').strip()}".strip()
    if isinstance(cause, psycopg2.errors.ReadOnlySqlTransaction):
        said += _READ_ONLY
    statement = " ".join((getattr(error, "statement", None) or "").split())
    if statement:
        said += f" The statement was: {statement[:_SHOWN]}"
        said = f"{said.rstrip('.')}. {rows.way_out(cause, statement)}".strip()
    return ConfigurationError(f"The database refuses a statement: {said}")
