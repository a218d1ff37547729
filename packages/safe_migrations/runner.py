"""Runs Alembic: the same commands, with errors that a person can act on."""

import argparse
import configparser
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.execution.explanation import blame, blame_env, explain
from safe_migrations.execution.online import NOW
from safe_migrations.project import ATTRIBUTE, RUNS, Project
from safe_migrations.revisions import check_new, check_stated, revisions
from safe_migrations.standing import Titled, standing

# The commands that change what env.py must look after.
_GUARDED = {"downgrade", "stamp", "upgrade"}
# The commands that work without a folder of migrations.
_OF_NO_FOLDER = {"init", "list_templates"}


def configuration(
    project: Project,
    x: tuple[str, ...] = (),
    *,
    quiet: bool = False,
    lenient: bool = False,
    **flags: object,
) -> Config:
    """Make a project's configuration of Alembic.

    `x` is for env.py, `quiet` keeps Alembic's log to warnings,
    `flags` are what env.py would read of a command line. Raises ConfigurationError, naming the
    file, when the revisions are no history: Alembic's own errors don't name it. `lenient` leaves
    files whose code can't be read to whoever asks.
    """
    if lenient:
        check_stated(project.versions)
    else:
        revisions(project.versions)
    config = _config(project)
    config.attributes["raise_errors"] = True
    config.attributes["configure_logging"] = not quiet
    config.cmd_opts = argparse.Namespace(x=list(x), **flags)
    if quiet:
        logging.getLogger("alembic").setLevel(logging.WARNING)
    return config


def _config(project: Project) -> Config:
    # There is no standard output where a program has closed it.
    config = Config(project.alembic_ini, stdout=sys.stdout or StringIO())
    try:
        config.set_main_option("script_location", str(project.directory).replace("%", "%%"))
    except (configparser.Error, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        message = f"{project.alembic_ini} can't be read: {said}."
        raise ConfigurationError(message) from error
    config.attributes[ATTRIBUTE] = project
    for change in project.configure:
        config = change(config) or config
    return config


@contextmanager
def explained(project: Project) -> Iterator[None]:
    """Raise what goes wrong in Alembic or the database as a PlainError, in a sentence or two."""
    try:
        yield
    except SyntaxError as error:
        message = f"A file of the migrations can't be read: {error}."
        raise ConfigurationError(message) from error
    except (CommandError, DBAPIError, RevisionError, psycopg2.Error) as error:
        raise explain(error, _heads(project)) from error
    except PlainError:
        raise
    except (Exception, SystemExit) as error:
        if blamed := blame(error, project.versions) or blame_env(error, project.directory):
            raise blamed from error
        if isinstance(error, OSError) and error.filename:
            message = f"{error.filename} can't be used: {error.strerror}."
            raise ConfigurationError(message) from error
        if "Can't find Python file" in str(error):
            message = f"{error}, which each folder of migrations needs: restore it."
            raise ConfigurationError(message) from error
        raise


def _heads(project: Project) -> tuple[Titled, ...]:
    revisions.cache_clear()  # The command itself may have written one.
    try:
        return standing(None, project.versions).heads
    except ConfigurationError:
        return ()  # The error at hand is told, not the next one.


def run(
    project: Project,
    name: str,
    *arguments: object,
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
    if name in _OF_NO_FOLDER:
        config = _config(project)
        _check_template(options.get("template"))
        if "/" in (options.get("template") or ""):  # Somebody's own, as with Flask-Migrate.
            folder, options["template"] = os.path.split(options["template"])
            config.get_template_directory = lambda: folder  # type: ignore[method-assign]
    else:
        labels = options.get("branch_label") or ()
        labels = [labels] if isinstance(labels, str) else labels
        check_new(options.get("rev_id"), labels, project.versions)
        autogenerate = options.get("autogenerate", False)
        config = configuration(project, x, quiet=quiet, autogenerate=autogenerate)
    config.attributes.update(attributes or {}, command=name, connection=connection)
    with explained(project):
        result = getattr(command, name)(config, *arguments, **options)
    if name in _GUARDED and RUNS not in config.attributes:
        # No log: such an env.py may have set it up in its own way.
        sys.stderr.write(
            f"Warning: {project.directory / 'env.py'} does not call `run` of safe_migrations, so "
            "that nothing looked after locks and other deploys: let it end with `from "
            "safe_migrations import run` and `run(context, target_metadata=...)`.\n"
        )
    return config.attributes.get(NOW, result)


def _check_template(name: str | None) -> None:
    if name and not ("/" in name or (Path(Config().get_template_directory()) / name).is_dir()):
        message = f"There is no template {name}: `flask db list-templates` lists them."
        raise ConfigurationError(message)


def upgrade(project: Project, url: str, revision: str = "heads") -> None:
    """Bring a database to a revision, quietly; errors as with `run`."""
    run(project, "upgrade", revision, x=(f"url={url}",), quiet=True)
