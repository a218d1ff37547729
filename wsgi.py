"""The WSGI entry point: `flask run` finds it, and production servers run `wsgi:app`."""

import sys

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
except PlainError as error:
    sys.exit(f"Error: {error}")
