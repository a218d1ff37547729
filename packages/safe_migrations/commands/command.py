"""What the commands of `flask db` share besides what all commands share: the migrations."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from plain_commands.command import Decorator, Result, fail, subject, wants_json
from plain_commands.command import command as plain_command

__all__ = ["Decorator", "ForAll", "Result", "command", "fail", "wants_json"]


@dataclass(frozen=True, slots=True)
class ForAll:
    """What was given to `flask db` itself, for whichever command follows."""

    directory: str | None = None
    x: tuple[str, ...] = ()


def command(
    *decorators: Decorator,
    name: str | None = None,
    group: click.Group | None = None,
    revisions_as_arguments: bool = False,
    migrations: bool = True,
    doing: str | None = None,
) -> Callable[[Callable[..., Result | None]], click.Command]:
    """Make a command of `flask db`, as `plain_commands.command` does.

    With `migrations` it also takes `-d` and `-x`, and is called with the project, whose folder is
    that of `-d` if one is given, and with `x`.
    `revisions_as_arguments` lets `-1` be a revision.
    """
    options = (*decorators, *(_MIGRATIONS if migrations else ()))
    settings = {"ignore_unknown_options": revisions_as_arguments}
    register = plain_command(
        *options, name=name, group=group, context_settings=settings, doing=doing
    )

    def decorate(function: Callable[..., Result | None]) -> click.Command:
        made = _with_migrations(function) if migrations else function
        return register(_without_misspelt(made) if revisions_as_arguments else made)

    return decorate


def _with_migrations(function: Callable[..., Result | None]) -> Callable[..., Result | None]:
    @wraps(function)
    def run(**options: Any) -> Result | None:
        # As with Flask-Migrate, both may also stand before the name of the command.
        _refuse_empty(options)
        given = click.get_current_context().find_object(ForAll) or ForAll()
        directory = options.pop("directory") or given.directory
        options["project"] = subject().at(directory)
        options["x"] = (*given.x, *options["x"])
        return function(**options)

    return run


def _refuse_empty(options: dict[str, Any]) -> None:
    """Refuse `""` as a revision, which an unset variable of a shell becomes.

    To leave it out means another thing: all revisions, or the newest.
    """
    for name in _OF_REVISIONS & options.keys():
        if options[name] == "" or (isinstance(options[name], tuple) and "" in options[name]):
            message = "Name a revision: an id, `head`, `base`, or a step such as +1."
            raise click.UsageError(message)


def _without_misspelt(function: Callable[..., Result | None]) -> Callable[..., Result | None]:
    """Refuse a misspelt option that was taken for a revision, as `-1` is to be."""

    @wraps(function)
    def run(**options: Any) -> Result | None:
        known = [name for item in click.get_current_context().command.params for name in item.opts]
        for value in options.values():
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and re.match(r"--?[A-Za-z]", text):
                    raise click.NoSuchOption(text.partition("=")[0], possibilities=known)
        return function(**options)

    return run


_OF_REVISIONS = {"range_", "revision", "revisions", "target"}
_MIGRATIONS = (
    click.option("-d", "--directory", help="The folder of the migrations, instead of migrations."),
    click.option("-x", "--x-arg", "x", multiple=True, help="A value for env.py, such as url=..."),
)
