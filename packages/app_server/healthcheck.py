"""`python -m app_server.healthcheck`: exit code 0 when the server of this machine is alive."""

import sys
from http.client import HTTPConnection, HTTPException

from plain_commands.errors import PlainError
from service.settings import Settings

LIMIT_S = 2
ALIVE = 200


def main() -> None:
    """Ask for /healthz, which never touches the database."""
    try:
        settings = Settings.load()
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(  # noqa: S104  asked, not bound
            settings.host, settings.host
        )
        connection = HTTPConnection(host, settings.port, timeout=LIMIT_S)
        # Whatever name it goes by, and ALLOWED_HOSTS says: probes by address are answered.
        connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
        status = connection.getresponse().status
    except (OSError, HTTPException, PlainError) as error:
        sys.exit(f"Error: {error}")
    if status != ALIVE:
        sys.exit(f"Error: /healthz answers with {status}.")


if __name__ == "__main__":
    main()
