"""The page `/docs`: Swagger UI from its wheel, without a word of script in the page itself.

On a developer's machine it first has the rows put back that its examples name, so that whatever is
tried out works. In production, or with a database elsewhere, it writes nothing.
"""

from pathlib import Path
from typing import Final

import flask_swagger_ui
from flask import Blueprint, Response, abort, redirect, send_from_directory, url_for
from werkzeug import Response as WerkzeugResponse

from json_rows.work import database, unit_of_work
from service.domain import examples

blueprint = Blueprint("swagger_ui", __name__, url_prefix="/docs")

_ASSETS_FOLDER = Path(flask_swagger_ui.__file__).parent / "dist"
_ASSETS = frozenset(
    {
        "favicon-16x16.png",
        "favicon-32x32.png",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "swagger-ui.css",
    }
)

# The wheel's own page starts with an inline script, into which it copies the request's Host.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <title>Trip planner</title>
  <link rel="stylesheet" href="/docs/index.css">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" sizes="32x32">
  <link rel="icon" type="image/png" href="/docs/favicon-16x16.png" sizes="16x16">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/swagger-ui-standalone-preset.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""

# Left alone, Swagger UI would send the document to a validator on the internet.
_START = """const start = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    layout: "StandaloneLayout",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  });
};
"""
_AT_ONCE = "start();\n"
_WITH_EXAMPLES = 'fetch("/docs/examples", { method: "POST" }).finally(start);\n'

_PAGE_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(  # noqa: FLY002  one directive a line
        (
            "default-src 'none'",
            "script-src 'self'",
            # Swagger UI writes style attributes; styles run nothing.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@blueprint.get("/")
def page() -> Response:
    """Show the operations."""
    return Response(_PAGE, headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8")


def lead_here() -> WerkzeugResponse:
    """Lead whoever opens the address of the service in a browser to the page."""
    return redirect(url_for("swagger_ui.page"))


@blueprint.get("/start.js")
def start() -> Response:
    """Start Swagger UI in the page."""
    return Response(
        _START + (_WITH_EXAMPLES if database().is_of_developer else _AT_ONCE),
        headers={"Cache-Control": "no-cache"},
        content_type="text/javascript; charset=utf-8",
    )


@blueprint.post("/examples")
def restore_examples() -> Response:
    """Put back the rows that the examples name, on a developer's machine."""
    if not database().is_of_developer:
        abort(404)
    examples.restore(unit_of_work())
    return Response(status=204)


@blueprint.get("/<name>")
def asset(name: str) -> Response:
    """Send a file of the wheel, out of those that the page names."""
    if name not in _ASSETS:
        abort(404)
    return send_from_directory(_ASSETS_FOLDER, name)
