"""A group of commands that imports a command only when it is called."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from plain_commands.command import fail


class LazyGroup(click.Group):
    """Commands by name, each with the module that holds it as a function of that name.

    Most of them import much, and nobody should wait for another's imports. `subject` makes what
    the commands work on: it is called before each of them runs, and `subject()` finds it.
    """

    def __init__(
        self,
        *arguments: Any,
        modules: Mapping[str, str],
        subject: Callable[[], Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._modules = modules
        self.subject = subject

    # Without `@override`: typing_extensions would take a tenth of the time of a quick command.

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's
        """Name the commands."""
        return sorted(self._modules)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self._modules:
            return None
        module = import_module(self._modules[cmd_name])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or name those that may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            # click knows only those that are imported.
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self._modules, ctx=ctx
            ) from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether errors are to be told as JSON."""
        ctx.meta["wants_json"] = "--json" in args
        with self._wrong_use(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with self._wrong_use(ctx):
            return super().invoke(ctx)

    @contextmanager
    def _wrong_use(self, ctx: click.Context) -> Iterator[None]:
        """End with the exit code 1 when options, arguments or names are wrong."""
        try:
            yield
        except click.UsageError as error:
            # click's own 2 is the verdict of some command, such as that two things differ.
            error.exit_code = 1  # type: ignore[misc]
            if isinstance(error, click.exceptions.NoArgsIsHelpError) or not ctx.meta["wants_json"]:
                raise
            fail(error.format_message(), "usage-error", 1, as_json=True)
