"""Whether the server of this machine is alive, as orchestrators ask."""

from http.client import HTTPConnection, HTTPException

from app_server.settings import ServerSettings
from plain_commands.errors import UnavailableError

LIMIT_S = 2
ALIVE = 200


def check_alive(settings: ServerSettings) -> None:
    """Ask for /healthz, which never touches the database; UnavailableError unless it is fine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(  # noqa: S104  asked, not bound
        settings.host, settings.host
    )
    connection = HTTPConnection(host, settings.port, timeout=LIMIT_S)
    try:
        # By its address: whatever ALLOWED_HOSTS says, such probes are answered.
        connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise UnavailableError(str(error)) from error
    finally:
        connection.close()
    if status != ALIVE:
        message = f"/healthz answers with {status}."
        raise UnavailableError(message)
