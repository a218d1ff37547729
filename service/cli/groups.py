"""The groups `flask db`, `identities`, `keys`, `neon` and `workflows`, told what they are about."""

from typing import TYPE_CHECKING

import click

from api_access.identity_commands.group import identities_group
from api_access.key_commands.group import keys_group
from plain_commands.group import LazyGroup
from safe_migrations.commands.group import db_group
from serverless_postgres.neon_commands.group import neon_group
from service.schema import project
from service.settings import ROOT, Settings

if TYPE_CHECKING:
    from api_access.identities import Owners
    from api_access.key_store import KeyStore


def _keys() -> "KeyStore":
    # Not before a command needs them: the models take long to import.
    from service.domain.keys import KEYS  # noqa: PLC0415

    return KEYS


def _owners() -> "Owners":
    from service.domain.users import OWNERS  # noqa: PLC0415

    return OWNERS


db = db_group(
    project,
    more={
        "adopt": "service.cli.adopt",
        "import-predecessor": "service.cli.import_predecessor",
        "import-sqlite": "service.cli.import_predecessor",
    },
)
keys = keys_group(Settings.load, _keys, key_name=Settings.key_name)
identities = identities_group(Settings.load, _owners)


@click.group(name="workflows", cls=LazyGroup, modules={"reap": "service.cli.reap"})
def workflows() -> None:
    """Look after workflows.

    The database is DATABASE_URL, else the embedded one.
    """


neon = neon_group(Settings.load, env_file=ROOT / ".env")
