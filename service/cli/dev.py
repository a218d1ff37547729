"""`flask dev`: the database, its schema and the server, with nothing to set up before."""

import os
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import replace
from ipaddress import ip_address

import click
from dotenv import dotenv_values

from app_server.development import HIGHEST_PORT, Restartable, Watch, listening, url_of
from plain_commands.errors import ConfigurationError
from plain_commands.waiting import at_terminal, waiting
from service.schema import project
from service.settings import ROOT, Settings

# A new revision is one of the code, too: the schema that it makes is what the code knows.
WATCHED = ("service", "packages", "migrations")

_ACCESS = {
    True: "by key: flask keys create --name me --scope admin",
    False: "without a key; AUTH=on asks for one",
}
"""Who may use the service."""


@click.command()
@click.option("--host", help="Address to serve on; else HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, HIGHEST_PORT), help="Port; else PORT, else 8000.")
@click.option("--parent", type=int, hidden=True, help="Stop when this parent process ends.")
def dev(host: str | None, port: int | None, parent: int | None) -> None:
    """Serve on this machine, and again after every change of the code.

    Without DATABASE_URL it brings its own Postgres, which stops together with it. The schema is
    upgraded first.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.load()
        _forget_dotenv()
        replace(settings, host=host or settings.host).check_auth()
        # The port before anything else, which takes longer.
        address = (host or settings.host, port or settings.port)
        with listening(*address, "make run") as listener:
            watch = Watch(ROOT, WATCHED, [".env"])
            with Restartable("service.app:create_app", listener, ROOT) as server:
                with waiting("Preparing the database") if at_terminal() else nullcontext():
                    database = _prepare_database(settings)
                url = url_of(listener)
                click.echo(
                    f"API       {url}\nDocs      {url}/docs\nDatabase  {database}\n"
                    f"Access    {_ACCESS[settings.is_auth_on]}\nStop      Ctrl-C"
                )
                _warn_of_others(listener, settings)
                server.answer()
                for changed in watch.changes(parent):
                    click.echo(f"Reloading after a change of {changed}")
                    server.restart()
    except ConfigurationError as error:
        raise click.ClickException(error.detail) from error
    except (KeyboardInterrupt, click.Abort):
        click.echo()


def _forget_dotenv() -> None:
    """Take back out of the environment what Flask has copied there from `.env`.

    It would hide what `.env` says after a change.
    """
    for name, value in dotenv_values(ROOT / ".env").items():
        # nosemgrep: environment-outside-settings  Flask has put it there
        if os.environ.get(name) == value:
            # nosemgrep: environment-outside-settings  Flask has put it there
            del os.environ[name]


def _prepare_database(settings: Settings) -> str:
    """Start or find the database, upgrade its schema and return its URL without the password."""
    # SQLAlchemy and Alembic take long to import; a port in use is told of without them.
    from safe_migrations.runner import upgrade  # noqa: PLC0415
    from serverless_postgres.url import masked, resolve  # noqa: PLC0415

    upgrade(project(settings), resolve(settings, direct=True).render_as_string(hide_password=False))
    return masked(resolve(settings))


def _warn_of_others(listener: socket.socket, settings: Settings) -> None:
    """Say who else can use a server that is not for this machine alone."""
    if settings.is_auth_on or ip_address(listener.getsockname()[0]).is_loopback:
        return
    names = "" if settings.allowed_hosts else " To call it by a name, set ALLOWED_HOSTS."
    click.echo(
        "Warning   Everybody who reaches this machine over the network can read, change and erase\n"
        "          all data here: AUTH is off. Unless you want that, say AUTH=on, or serve\n"
        f"          without HOST and --host.{names}"
    )
