"""What the commands about keys have in common: the database, its answers, and how keys are told."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import click

from api_access.settings import AccessSettings
from plain_commands.command import Result, subject
from plain_commands.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

if TYPE_CHECKING:
    from api_access.key_store import KeyStore
    from json_rows import Query, UnitOfWork

OUTPUT = click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the key into a new file, which only you can read, and not to the terminal.",
)

ONCE = "This is the only time the key is shown; of it, only a digest is kept."


@dataclass(frozen=True, slots=True)
class Subject:
    """Which keys the commands are about."""

    settings: AccessSettings
    find_store: "Callable[[], KeyStore]"
    key_name: str

    def new_key(self) -> str:
        """Make up a key."""
        from api_access.key_format import KeyFormat  # noqa: PLC0415  heavy

        return KeyFormat(self.key_name, is_production=self.settings.is_production).make()


class Session:
    """Sends what commands want to the database."""

    def __init__(self, store: "KeyStore", work: "UnitOfWork") -> None:
        self.store = store
        self.work = work

    def run(self, query: "Query") -> dict[str, Any]:
        """Send a query, and read the row that it answers with."""
        row = self.work.run(query)
        return cast("dict[str, Any]", json.loads(row.json)) if row.json else {}


@contextmanager
def session() -> Iterator[Session]:
    """Open the database, and tell plainly what it or a rule says against what is wanted."""
    import psycopg2  # noqa: PLC0415  heavy, as are those below

    from json_rows import UnitOfWork  # noqa: PLC0415
    from serverless_postgres.database import Database  # noqa: PLC0415
    from smorest_sqlmodel.errors import ApiError  # noqa: PLC0415

    about = chosen()
    database = Database(cast("Any", about.settings))
    try:
        with UnitOfWork(database) as work:
            yield Session(about.find_store(), work)
    # Of a row that is not inserted yet, the type is what is missed.
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedObject) as error:
        message = "The database has no table of keys yet: run `flask db upgrade` first."
        raise ConfigurationError(message) from error
    except ApiError as error:
        kinds = {404: NotFoundError, 409: ConflictError, 503: ConfigurationError}
        raise kinds.get(error.status, InvalidInputError)(error.detail) from error
    finally:
        database.dispose()


def chosen() -> Subject:
    """Get what the running command is about."""
    return cast("Subject", subject())


@contextmanager
def told(output: Path | None) -> Iterator[Callable[[dict[str, Any], str], Result]]:
    """Make the result of a command that made a key; a file for it is there before the key is.

    It is for its owner alone (0600), never one that was there before, and gone if no key was made.
    """
    descriptor = None if output is None else _create(output)

    def result(row: dict[str, Any], text: str) -> Result:
        key = row["key"]
        if output is None or descriptor is None:
            if click.get_current_context().params["as_json"]:
                click.echo(f"Warning: the key is in this output: in CI, mask it. {ONCE}", err=True)
            return Result(row, f"{text}\n\n    {key}\n\n{ONCE}")
        os.write(descriptor, f"{key}\n".encode())
        document = {name: value for name, value in row.items() if name != "key"}
        return Result(document | {"output": str(output)}, f"{text}\nIt is in {output}.")

    try:
        yield result
    except BaseException:
        if output is not None:
            with suppress(OSError):
                output.unlink()
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _create(output: Path) -> int:
    try:
        return os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        message = f"{output} is there already: name a new file for the key."
    except OSError as error:
        message = f"{output} can't be written: {error.strerror}."
    raise InvalidInputError(message)


def key_id(text: str) -> UUID:
    """Read the id of a key; InvalidInputError for what is none."""
    try:
        return UUID(text)
    except ValueError:
        message = (
            "Name a key by its id, as `flask keys list` tells it; the key itself is not asked."
        )
        raise InvalidInputError(message) from None
