"""The programs `flask` and `alembic`: Flask's and Alembic's own, after a look at the settings.

Flask reads `.env` before any command runs, passes over what it can't parse, and has a traceback for
what is not UTF-8. Alembic finds its alembic.ini in the current folder only.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from dotenv import find_dotenv

from plain_commands.command import fail
from plain_commands.errors import ConfigurationError
from plain_commands.settings.env_file import read_text
from safe_migrations.errors import ExitCode
from service.settings import ROOT, Settings

_COMMANDS = {
    "db": "service.cli.groups",
    "dev": "service.cli.dev",
    "identities": "service.cli.groups",
    "keys": "service.cli.groups",
    "neon": "service.cli.groups",
    "workflows": "service.cli.groups",
}


def flask() -> None:
    """Run Flask's program; those of this project don't wait for its imports."""
    group = sys.argv[1] if len(sys.argv) > 1 else ""
    if group in _COMMANDS:
        # nosemgrep: environment-outside-settings  Flask's program sets it, too
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        commands = getattr(import_module(_COMMANDS[group]), group)
        commands(sys.argv[2:], prog_name=f"flask {group}")
    _check()
    from flask.cli import main  # noqa: PLC0415  heavy, and of no use if the check fails

    main()


def alembic() -> None:
    """Run Alembic's program, from any folder."""
    _check()
    # `alembic init` writes one there.
    if not (Path("alembic.ini").exists() or "init" in sys.argv):
        # nosemgrep: environment-outside-settings  Alembic reads it there
        os.environ.setdefault("ALEMBIC_CONFIG", str(ROOT / "alembic.ini"))
    from alembic.config import main  # noqa: PLC0415  heavy, and of no use if the check fails

    main(prog="alembic")


def _check() -> None:
    """End with a sentence if the settings can't be used, or Flask could not read its files."""
    try:
        Settings.load()
        for name in (".flaskenv", ".env"):
            if path := find_dotenv(name, usecwd=True):
                read_text(Path(path))
    except ConfigurationError as error:
        as_json = "--json" in sys.argv
        fail(error.detail, error.code, ExitCode.ERROR, as_json=as_json)
