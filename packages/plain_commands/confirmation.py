"""Asking before something that can't be taken back."""

import sys

import click

from plain_commands.errors import InvalidInputError

YES = click.option("--yes", "-y", is_flag=True, help="Don't ask for confirmation.")


def confirm(what: str, *, yes: bool) -> None:
    """Go on if the person at the terminal agrees to what will happen, or has said so before.

    Raises InvalidInputError where nobody can be asked, and click.Abort for a no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"{what} There is no terminal to confirm this on: add --yes to go ahead."
        raise InvalidInputError(message)
    click.echo(what, err=True)
    click.confirm("Continue?", abort=True, err=True)
