"""A page of Swagger UI from its wheel, without a word of script in the page itself.

Where one says how, it first has the rows put back that the document's examples name, so that
whatever is tried out works.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import flask_swagger_ui
from flask import Blueprint, Response, abort, redirect, send_from_directory, url_for
from markupsafe import escape
from werkzeug import Response as WerkzeugResponse

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
  <title>{title}</title>
  <link rel="stylesheet" href="{folder}index.css">
  <link rel="stylesheet" href="{folder}swagger-ui.css">
  <link rel="icon" type="image/png" href="{folder}favicon-32x32.png" sizes="32x32">
  <link rel="icon" type="image/png" href="{folder}favicon-16x16.png" sizes="16x16">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="{folder}swagger-ui-bundle.js"></script>
  <script src="{folder}swagger-ui-standalone-preset.js"></script>
  <script src="{folder}start.js"></script>
</body>
</html>
"""

# Left alone, Swagger UI would send the document to a validator on the internet.
_START = """const start = () => {
  window.ui = SwaggerUIBundle({
    url: DOCUMENT,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    layout: "StandaloneLayout",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  });
};
"""
_AT_ONCE = "start();\n"
_WITH_EXAMPLES = 'fetch(EXAMPLES, { method: "POST" }).finally(start);\n'

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


def make_blueprint(
    title: str,
    *,
    url_prefix: str = "/docs",
    led_from: Iterable[str] = (),
    document: str = "api-docs.openapi_json",
    restore_examples: Callable[[], None] | None = None,
    may_restore: Callable[[], bool] = lambda: True,
) -> Blueprint:
    """Make the page below `url_prefix`, to which the paths of `led_from` lead.

    `document` is the endpoint of the OpenAPI document. `restore_examples` puts back the rows that
    its examples name whenever the page is opened, if `may_restore` says so of the current app:
    whoever can reach the page can have it done.
    """
    blueprint = Blueprint("swagger_ui", __name__)

    def does_restore() -> bool:
        return restore_examples is not None and may_restore()

    for path in filter(None, (url_prefix, *led_from)):
        blueprint.add_url_rule(path, view_func=lead_here)
    blueprint.add_url_rule(f"{url_prefix}/<name>", view_func=asset)

    @blueprint.get(f"{url_prefix}/")
    def page() -> Response:
        """Show the operations."""
        html = _PAGE.format(title=escape(title), folder=escape(url_for(".page")))
        return Response(html, headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8")

    @blueprint.get(f"{url_prefix}/start.js")
    def start() -> Response:
        """Start Swagger UI in the page."""
        examples = url_for(".put_examples_back") if does_restore() else None
        return _script(url_for(document), examples)

    @blueprint.post(f"{url_prefix}/examples")
    def put_examples_back() -> Response:
        """Put back the rows that the examples name."""
        if restore_examples is None or not may_restore():
            abort(404)
        restore_examples()
        return Response(status=204)

    return blueprint


def lead_here() -> WerkzeugResponse:
    """Lead whoever opens the address of the service in a browser to the page."""
    return redirect(url_for(".page"))


def asset(name: str) -> Response:
    """Send a file of the wheel, out of those that the page names."""
    if name not in _ASSETS:
        abort(404)
    return send_from_directory(_ASSETS_FOLDER, name)


def _script(document: str, examples: str | None) -> Response:
    """Write the script of the page, which has the examples put back first by a POST to a path."""
    script = _START.replace("DOCUMENT", json.dumps(document))
    script += _WITH_EXAMPLES.replace("EXAMPLES", json.dumps(examples)) if examples else _AT_ONCE
    return Response(
        script,
        headers={"Cache-Control": "no-cache"},
        content_type="text/javascript; charset=utf-8",
    )
