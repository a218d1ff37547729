"""The WSGI entry point: `flask run` finds it, and production servers run `wsgi:app`."""

import sys

from api_access.settings import AUTH_NOT_SET
from plain_commands.errors import PlainError
from serverless_postgres.url_text import NOT_SET
from service.app import create_app
from service.settings import Settings

try:
    settings = Settings.load()
    # A WSGI server never embeds a database: whoever started it without one has forgotten it.
    if not settings.database_url and (settings.is_production or not settings.flask_run_from_cli):
        sys.exit(f"Error: {NOT_SET}.")
    app = create_app(settings)
    if not settings.flask_run_from_cli:
        # Nor does it know who can reach it.
        if settings.auth is None:
            sys.exit(f"Error: {AUTH_NOT_SET}")
        if settings.warning:
            app.logger.warning("%s", settings.warning)
except PlainError as error:
    sys.exit(f"Error: {error}")
