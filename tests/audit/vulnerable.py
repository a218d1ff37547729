"""DELIBERATELY VULNERABLE: what sqlmap must find, or its silence about the service means nothing.

One WSGI application with the oldest mistake there is, SQL built out of what the client sent. Only
`tests/audit/injection.py` serves it, on the loopback address and a database that is thrown away.
"""

import json
from collections.abc import Iterable
from contextlib import closing
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg2


def vulnerable(database_url: str) -> WSGIApplication:
    """Make the application; `?q=` is part of a name, as in `GET /v1/users`."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        part = parse_qs(environ.get("QUERY_STRING", "")).get("q", [""])[0]
        with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(f"SELECT username FROM users WHERE username LIKE '%{part}%'")
                status, body = "200 OK", [name for (name,) in cursor.fetchall()]
            except psycopg2.Error as error:
                status, body = "422 Unprocessable Content", [str(error)]
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps({"items": body}).encode()]

    return answer
