"""The group of commands `flask identities`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from api_access.identity_commands.session import Subject
from api_access.settings import AccessSettings
from plain_commands.group import LazyGroup

if TYPE_CHECKING:  # At run time no command waits for imports before its options are right.
    from api_access.identities import Owners

COMMANDS = ("link", "unlink")


def identities_group(
    settings: Callable[[], AccessSettings], owners: "Callable[[], Owners]"
) -> click.Group:
    """Make the group `identities`, to be added to `app.cli` or to any other group of click's.

    `settings` makes the settings when a command runs, which also name the issuer, and `owners`
    finds where identities are kept.
    """
    modules = {name: f"api_access.identity_commands.{name}" for name in COMMANDS}

    def subject() -> Subject:
        return Subject(settings(), owners)

    @click.group(name="identities", cls=LazyGroup, modules=modules, subject=subject)
    def identities() -> None:
        """Say which user a subject of JWT_ISSUER is.

        With JWT_NEW_USERS=on this is only needed for those who are users already.
        """

    return identities
