"""DELIBERATELY VULNERABLE: what semgrep must find, or its silence about the service means nothing.

Nobody imports it. Each rule of `tests/audit/semgrep.yml` has one place here, which its comment
names, and beside it the same done well, where the rule must be silent.
"""

import hmac
import logging
import os

import psycopg2
import urllib3
from flask import Blueprint, redirect, render_template_string, request, send_from_directory
from psycopg2.sql import SQL, Identifier
from sqlalchemy import text

from smorest_sqlmodel.parsing import read_json
from serverless_postgres.url import masked
from plain_commands.errors import ConfigurationError

blueprint = Blueprint("control", __name__)
logger = logging.getLogger(__name__)

_TABLE = "users"


@blueprint.get("/sql/<word>")
def sql_of_request(work, word: str):
    statement = word.replace("+", " ")
    work.execute(statement)  # sql-of-request
    work.execute("SELECT id FROM users WHERE username = %(word)s", {"word": word})
    work.execute("SELECT id FROM users WHERE username = %(q)s", {"q": request.args["q"]})


def sql_of_pieces(cursor, connection, table, limit_s):
    cursor.execute(f"DROP TABLE {table}")  # sql-of-pieces
    cursor.execute(f"ANALYZE {_TABLE}")
    cursor.execute(SQL("ANALYZE {}").format(Identifier(table)))
    connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit_s})


def secret_in_message(url, settings):
    address = url.render_as_string(hide_password=False)
    message = f"{address} leads nowhere."
    if settings.direct_database_url:
        logger.warning("not reachable: %s", masked(settings.direct_database_url))
        raise ConfigurationError(f"{masked(address)} leads nowhere.")
    raise ConfigurationError(message)  # secret-in-message


def request_in_log():
    body = read_json(dict)
    logger.info("refused: %s", body)  # request-in-log
    logger.info("refused: %s values", len(body))


def database_error_shown(work, statement):
    try:
        work.execute(statement)
    except psycopg2.Error as error:
        if error.pgcode is None:
            raise ConfigurationError(f"Postgres says {type(error).__name__}.") from error
        raise ConfigurationError(str(error)) from error  # database-error-shown


def secret_compared(given, settings):
    if settings.api_key is None or len(given.token) == 32:
        return False
    return given.token == settings.key or hmac.compare_digest(given.token, settings.key)  # secret-compared


def environment_outside_settings(settings):
    return os.environ["PORT"] or settings.port  # environment-outside-settings


def network_without_limit(url):
    psycopg2.connect(url, connect_timeout=5)
    urllib3.PoolManager(timeout=5)
    return psycopg2.connect(url)  # network-without-limit


def tls_unchecked():
    urllib3.PoolManager(timeout=5, cert_reqs="CERT_REQUIRED")
    return urllib3.PoolManager(timeout=5, cert_reqs="CERT_NONE")  # tls-unchecked


def view_ends_transaction(work, query):
    work.commit()  # view-ends-transaction
    return query


@blueprint.get("/file/<name>")
def path_of_request(name: str):
    if name == "index.css":
        return send_from_directory("/srv", name)
    return redirect(request.args["next"])  # path-of-request


def page_of_text(word):
    return render_template_string("<p>" + word)  # page-of-text
