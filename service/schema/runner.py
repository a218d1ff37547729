"""Runs Alembic: the same commands, with errors that a person can act on."""

import argparse
import logging
import sys
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, OperationalError

from service.db.errors import describe
from service.errors import ConfigurationError
from service.settings import ROOT


def run(
    name: str,
    *arguments: object,
    directory: str | None = None,
    x: tuple[str, ...] = (),
    quiet: bool = False,
    **options: object,
) -> None:
    """Run one of Alembic's commands (`alembic.command`) with this project's configuration.

    `directory` replaces `migrations/`, `x` is for env.py, `quiet` keeps Alembic's log to warnings.
    Raises ConfigurationError, in a sentence or two, when the command can't be carried out.
    """
    config = Config(ROOT / "alembic.ini", stdout=sys.stdout)
    if directory:
        config.set_main_option("script_location", directory.replace("%", "%%"))
    config.attributes["raise_errors"] = True
    config.attributes["configure_logging"] = not quiet
    config.cmd_opts = argparse.Namespace(x=list(x), **_flags(options))
    if quiet:
        logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        getattr(command, name)(config, *arguments, **options)
    except CommandError as error:
        raise ConfigurationError(str(error)) from error
    except OperationalError as error:
        raise ConfigurationError(describe(error)) from error
    except DBAPIError as error:
        message = f"The database refuses a statement: {_first_line(error)}"
        raise ConfigurationError(message) from error


def _flags(options: dict[str, Any]) -> dict[str, Any]:
    return {"autogenerate": options.get("autogenerate", False)}


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


def upgrade(url: str, revision: str = "heads") -> None:
    """Bring a database to a revision, quietly; errors as with `run`."""
    run("upgrade", revision, x=(f"url={url}",), quiet=True)
