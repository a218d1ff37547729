"""What all groups of commands share: options, the form of output and errors, exit codes."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from plain_commands.errors import PlainError
from plain_commands.waiting import at_terminal, waiting

Decorator = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command found: as text for people, as a document for `--json`, and its verdict."""

    document: Any
    text: str = ""
    exit_code: int = 0


def command(
    *decorators: Decorator,
    name: str | None = None,
    group: click.Group | None = None,
    context_settings: dict[str, Any] | None = None,
    doing: str | None = None,
) -> Callable[[Callable[..., Result | None]], click.Command]:
    """Make a command out of a function that returns a Result, or None to say nothing.

    `decorators` are click's, for the command's own options. `doing` is what a person at a terminal
    sees if it takes a while. All commands also take `--json` and `--debug`. A PlainError becomes
    one line on stderr (with `--json`, an object with an `error` on stdout) and its exit code; so
    does whatever was not expected, and only `--debug` shows where it came from. Progress and
    warnings go to stderr, so that programs can read stdout.
    """

    def decorate(function: Callable[..., Result | None]) -> click.Command:
        def run(*, as_json: bool, debug: bool, **options: Any) -> None:
            _Run(doing=doing, as_json=as_json, debug=debug).call(function, options)

        run.__doc__ = function.__doc__
        made: Any = run
        for decorator in reversed((*decorators, *_OUTPUT)):
            made = decorator(made)
        return click.command(
            name or function.__name__.replace("_", "-"), context_settings=context_settings
        )(made)

    def register(function: Callable[..., Result | None]) -> click.Command:
        made = decorate(function)
        if group is not None:
            group.add_command(made)
        return made

    return register


def fail(message: str, code: str, exit_code: int, *, as_json: bool) -> NoReturn:
    """End the process with an error: a line on stderr, or a document on stdout."""
    if as_json:
        document = {"error": {"code": code, "message": message}}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(f"Error: {message}", err=True)
    sys.exit(exit_code)


def wants_json() -> bool:
    """Tell whether the running command is to answer with JSON."""
    return bool(click.get_current_context().params["as_json"])


_SUBJECT = "plain_commands.subject"


def subject() -> Any:
    """Get what the running command works on, as its group has been told."""
    return click.get_current_context().meta[_SUBJECT]


def _make_subject(context: click.Context | None) -> Any:
    while context is not None:
        if make := getattr(context.command, "subject", None):
            return make()
        context = context.parent
    return None


_OUTPUT = (
    click.option("--json", "as_json", is_flag=True, help="Write the result as JSON."),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


@dataclass(frozen=True, slots=True)
class _Run:
    doing: str | None
    as_json: bool
    debug: bool

    def call(self, function: Callable[..., Result | None], options: dict[str, Any]) -> None:
        try:
            # Nobody should go by settings that are not what they seem, not even where a command
            # has no use for them.
            context = click.get_current_context()
            context.meta[_SUBJECT] = _make_subject(context)
            # Only the document belongs on stdout, whatever libraries print.
            with (
                redirect_stdout(sys.stderr) if self.as_json else nullcontext(),
                waiting(self.doing) if self.doing and at_terminal() else nullcontext(),
            ):
                result = function(**options)
        except PlainError as error:
            if self.debug:
                raise
            fail(error.detail, error.code, error.exit_code, as_json=self.as_json)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            # click itself ends the process, also when `... | head` has seen enough.
            raise
        except Exception as error:
            if self.debug:
                raise
            said = " ".join(str(error).split())
            message = f"{type(error).__name__}: {said} (--debug shows where it comes from.)"
            fail(message, "unexpected-error", 1, as_json=self.as_json)
        else:
            if result is not None:
                self._write(result)

    def _write(self, result: Result) -> None:
        try:
            self._show(result)
        except BrokenPipeError:
            raise
        except OSError as error:
            if self.debug:
                raise
            message = f"The result can't be written: {error.strerror}."
            fail(message, "configuration-error", 1, as_json=False)

    def _show(self, result: Result) -> None:
        if self.as_json:
            click.echo(json.dumps(result.document, ensure_ascii=False, indent=2, default=str))
        elif result.text:
            click.echo(result.text)
        if result.exit_code:
            sys.exit(result.exit_code)
