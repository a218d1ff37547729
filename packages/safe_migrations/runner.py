"""Runs Alembic: the same commands, with errors that a person can act on."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.execution.explanation import blame, explain
from safe_migrations.execution.online import NOW
from safe_migrations.revisions import check_new, check_stated, folder_of, revisions
from safe_migrations.standing import Titled, standing
from service.settings import ROOT


def configuration(
    directory: str | None = None,
    x: tuple[str, ...] = (),
    *,
    quiet: bool = False,
    lenient: bool = False,
    **flags: object,
) -> Config:
    """Make this project's configuration of Alembic.

    `directory` replaces `migrations/`, `x` is for env.py, `quiet` keeps Alembic's log to warnings,
    `flags` are what env.py would read of a command line. Raises ConfigurationError, naming the
    file, when the revisions are no history: Alembic's own errors don't name it. `lenient` leaves
    files whose code can't be read to whoever asks.
    """
    if lenient:
        check_stated(folder_of(directory))
    else:
        revisions(folder_of(directory))
    # There is none where a program has closed it.
    config = Config(ROOT / "alembic.ini", stdout=sys.stdout or StringIO())
    if directory:
        config.set_main_option("script_location", directory.replace("%", "%%"))
    config.attributes["raise_errors"] = True
    config.attributes["configure_logging"] = not quiet
    config.cmd_opts = argparse.Namespace(x=list(x), **flags)
    if quiet:
        logging.getLogger("alembic").setLevel(logging.WARNING)
    return config


@contextmanager
def explained(directory: str | None = None) -> Iterator[None]:
    """Raise what goes wrong in Alembic or the database as a PlainError, in a sentence or two."""
    try:
        yield
    except SyntaxError as error:
        message = f"A file of the migrations can't be read: {error}."
        raise ConfigurationError(message) from error
    except (CommandError, DBAPIError, RevisionError, psycopg2.Error) as error:
        raise explain(error, _heads(directory)) from error
    except PlainError:
        raise
    except (Exception, SystemExit) as error:
        if blamed := blame(error, folder_of(directory)):
            raise blamed from error
        if isinstance(error, OSError) and error.filename:
            message = f"{error.filename} can't be used: {error.strerror}."
            raise ConfigurationError(message) from error
        if "Can't find Python file" in str(error):
            message = f"{error}, which each folder of migrations has: bring it back."
            raise ConfigurationError(message) from error
        raise


def _heads(directory: str | None) -> tuple[Titled, ...]:
    revisions.cache_clear()  # The command itself may have written one.
    return standing(None, folder_of(directory)).heads


def run(
    name: str,
    *arguments: object,
    directory: str | None = None,
    x: tuple[str, ...] = (),
    quiet: bool = False,
    connection: Engine | Connection | None = None,
    attributes: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Run one of Alembic's commands (`alembic.command`) and return what it returns.

    What moves the database returns the revisions where that is now.
    `connection` takes the place of the configured database, `attributes` are for env.py; the rest
    is as with `configuration` or goes to the command. Raises a PlainError, in a sentence or two,
    when the command can't be carried out.
    """
    labels = options.get("branch_label") or ()
    check_new(
        options.get("rev_id"), [labels] if isinstance(labels, str) else labels, folder_of(directory)
    )
    autogenerate = options.get("autogenerate", False)
    config = configuration(directory, x, quiet=quiet, autogenerate=autogenerate)
    config.attributes.update(attributes or {}, command=name, connection=connection)
    with explained(directory):
        result = getattr(command, name)(config, *arguments, **options)
    return config.attributes.get(NOW, result)


def upgrade(url: str, revision: str = "heads") -> None:
    """Bring a database to a revision, quietly; errors as with `run`."""
    run("upgrade", revision, x=(f"url={url}",), quiet=True)
