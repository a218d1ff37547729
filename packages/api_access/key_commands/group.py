"""The group of commands `flask keys`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from api_access.key_commands.session import Subject
from api_access.settings import AccessSettings
from plain_commands.group import LazyGroup

if TYPE_CHECKING:  # At run time no command waits for imports before its options are right.
    from api_access.key_store import KeyStore

COMMANDS = ("create", "list", "revoke", "rotate")


def keys_group(
    settings: Callable[[], AccessSettings], store: "Callable[[], KeyStore]", *, key_name: str
) -> click.Group:
    """Make the group `keys`, to be added to `app.cli` or to any other group of click's.

    `settings` makes the settings when a command runs, which also say where the database is, and
    `store` finds the service's keys, which all begin with `key_name`.
    """
    modules = {name: f"api_access.key_commands.{name}" for name in COMMANDS}

    def subject() -> Subject:
        return Subject(settings(), store, key_name)

    @click.group(name="keys", cls=LazyGroup, modules=modules, subject=subject)
    def keys() -> None:
        """Make keys for those who call the service, and take them back.

        Where callers are asked for one (AUTH=on), the first key is made here: whoever has the
        database may.
        """

    return keys
