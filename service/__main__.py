"""`python -m service`: the trip planner's production server, as the settings say."""

import argparse
import sys
from dataclasses import replace

from app_server import check_alive, serve
from plain_commands.errors import ConfigurationError, PlainError
from service.settings import ROOT, Settings


def port(text: str) -> int:
    """Read a port; ValueError when it can't be one."""
    number = int(text)
    if number not in range(1, 65536):
        raise ValueError
    return number


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 when the service can't start."""
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve in production, as the settings say (docs/DEPLOYMENT.md).",
    )
    parser.add_argument("--host", help="address to serve on; else HOST")
    parser.add_argument("--port", type=port, help="port; else PORT")
    parser.add_argument(
        "--healthcheck",
        action="store_true",
        help="serve nothing: exit with 0 if the server is alive, else with 1",
    )
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    is_check = given.pop("healthcheck")
    try:
        settings = replace(Settings.load(), **given)
        if is_check:
            check_alive(settings)
        else:
            _check(settings)
            app = "service.app:create_app"
            sys.exit(
                serve(
                    app,
                    settings,
                    folder=ROOT,
                    read_again=Settings.load,
                    warning=settings.warning,
                )
            )
    except PlainError as error:
        sys.exit(f"Error: {error}")


def _check(settings: Settings) -> None:
    """Raise ConfigurationError for a database that is not there, or threads that it can't serve.

    Also where it must be said whether callers need a key.
    """
    if not settings.database_url:
        # Only here: SQLAlchemy, which comes along, would double this process.
        from serverless_postgres.url_text import NOT_SET  # noqa: PLC0415

        message = f"{NOT_SET}."
        raise ConfigurationError(message)
    connections = settings.pool_size + settings.pool_max_overflow
    if settings.threads > connections:
        message = (
            f"THREADS is {settings.threads}, but a process has {connections} connections "
            "(POOL_SIZE + POOL_MAX_OVERFLOW): more threads would only wait for one."
        )
        raise ConfigurationError(message)
    settings.check_auth()


if __name__ == "__main__":
    main()
