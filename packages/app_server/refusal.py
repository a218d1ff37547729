"""Answers in the app's place where its server can't let a request through.

As a layer below those of `security` and `observability`, so that such an answer has the same
headers, CORS included, and is seen from outside as any other one.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from pydantic_core import to_json

from smorest_sqlmodel.errors import ApiError
from smorest_sqlmodel.secret_paths import SecretPaths

REFUSAL = "app_server.refusal"
"""The key in a WSGI environment below which a server puts the ApiError to answer with."""


TYPES = "urn:problem:"
"""What the URIs of the problems' types begin with, unless the app has its own."""


class Refusals:
    """A WSGI application before another one, which it only calls where nothing is refused.

    It answers with problem details (RFC 9457); the URIs of their types are `types` and a code, and
    `secret` are the paths that no answer tells.
    """

    def __init__(
        self, app: WSGIApplication, types: str = TYPES, secret: SecretPaths | None = None
    ) -> None:
        self._app = app
        self._types = types
        self._secret = secret or SecretPaths()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        error = environ.get(REFUSAL)
        if not isinstance(error, ApiError):
            return self._app(environ, start_response)
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        # Not by smorest_sqlmodel.problems, which would bring Flask into servers of apps without it.
        body = to_json(
            {
                "type": self._types + error.code,
                "title": error.title,
                "status": error.status,
                "detail": error.detail,
                "instance": self._secret.told(path),
            }
        )
        headers = {
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            **error.headers,
        }
        start_response(f"{error.status} {error.title}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
