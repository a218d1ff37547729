"""The WSGI entry point: `flask run` finds it, and production servers run `wsgi:app`."""

import sys

from service.app import create_app
from service.db.url_text import NOT_SET
from service.errors import ServiceError
from service.settings import Settings

try:
    settings = Settings.load()
    # A WSGI server never embeds a database: whoever started it without one has forgotten it.
    if not settings.database_url and (settings.is_production or not settings.flask_run_from_cli):
        sys.exit(f"Error: {NOT_SET}.")
    app = create_app(settings)
except ServiceError as error:
    sys.exit(f"Error: {error}")
