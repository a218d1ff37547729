"""One call of a WSGI application (PEP 3333) for a request that came by granian's RSGI."""

import sys
from io import BytesIO
from typing import Any

Headers = list[tuple[str, str]]

_COMMON: dict[str, Any] = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "trip-planner",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    # Werkzeug's own: the body ends by itself, also one of unknown length.
    "wsgi.input_terminated": True,
}


UNREADABLE = "\xff"
"""What stands for the value of a header that is not ASCII: nothing that any header may have."""


def call(app: Any, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
    """Call an application and collect its answer: status, headers and the whole body."""
    begun: list[tuple[int, Headers]] = []
    parts: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Any:
        del exc_info  # nothing has been sent, so any later start takes the place of the first
        begun[:] = [(int(status[:3]), headers)]
        return parts.append

    body = app(environ, start_response)
    try:
        parts.extend(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    status, headers = begun[0]
    return status, headers, b"".join(parts)


def environ_of(scope: Any, body: bytes) -> dict[str, Any]:
    """Describe a request as WSGI wants it."""
    server, _, port = scope.server.rpartition(":")
    if not port.isdecimal():  # The path of a Unix socket; PEP 3333 wants both.
        server, port = "localhost", "80"
    client, _, client_port = scope.client.rpartition(":")
    environ = {
        **_COMMON,
        "REQUEST_METHOD": scope.method,
        # PEP 3333: the bytes as if they were latin-1.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "REMOTE_ADDR": client.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    headers = scope.headers.items()
    # Granian leaves out values that are not ASCII. An Idempotency-Key, say, that is as if it were
    # not there lets what is sent again be done again.
    unread = set(scope.headers.keys()).difference(name for name, _ in headers)
    for name, value in [*headers, *((name, UNREADABLE) for name in unread)]:
        if "_" in name:
            # WSGI could not tell it from one with a hyphen, which a proxy may vouch for.
            continue
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = "HTTP_" + key
        if key in environ:
            # RFC 9110, 5.3, and for cookies RFC 9113, 8.2.3.
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
    return environ
