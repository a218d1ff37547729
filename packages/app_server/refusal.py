"""Answers in the app's place where its server can't let a request through.

As a layer below those of `security` and `observability`, so that such an answer has the same
headers, CORS included, and is seen from outside as any other one.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from pydantic_core import to_json

from smorest_sqlmodel.errors import ApiError
from smorest_sqlmodel.problems import MEDIA_TYPE, problem_details

REFUSAL = "app_server.refusal"
"""The key in a WSGI environment below which a server puts the ApiError to answer with."""


class Refusals:
    """A WSGI application before another one, which it only calls where nothing is refused."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        error = environ.get(REFUSAL)
        if not isinstance(error, ApiError):
            return self._app(environ, start_response)
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        body = to_json(problem_details(error.status, error.code, error.title, error.detail, path))
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            **error.headers,
        }
        start_response(f"{error.status} {error.title}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
