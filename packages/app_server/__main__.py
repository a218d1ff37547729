"""`python -m app_server`: the production server, as the settings say."""

import argparse
import os
import sys
from dataclasses import replace

from app_server.supervisor import serve
from plain_commands.errors import PlainError
from service.settings import Settings


def port(text: str) -> int:
    """Read a port; ValueError when it can't be one."""
    number = int(text)
    if number not in range(1, 65536):
        raise ValueError
    return number


def _open_standard_files() -> None:
    """Put /dev/null where the caller left stdin, stdout or stderr closed.

    Otherwise a socket would come to be there, and be taken for it by the workers.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  has no keyword
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  as it is


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 when the service can't start."""
    _open_standard_files()
    parser = argparse.ArgumentParser(
        prog="python -m app_server",
        description="Serve in production, as the settings say (docs/DEPLOYMENT.md).",
    )
    parser.add_argument("--host", help="address to serve on; else HOST")
    parser.add_argument("--port", type=port, help="port; else PORT")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    try:
        sys.exit(serve(replace(Settings.load(), **given)))
    except PlainError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
