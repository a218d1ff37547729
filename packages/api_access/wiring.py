"""Puts the guard before an app."""

from functools import partial
from typing import TYPE_CHECKING

from flask import Flask
from sqlmodel import SQLModel

from api_access.access import EXTENSION, Access, is_public
from api_access.api_key import Scope
from api_access.attempts import Attempts
from api_access.blueprint import SCHEME
from api_access.caller import ANYBODY
from api_access.counters import Counters
from api_access.guard import Guard
from api_access.identities import Owners
from api_access.key_format import KeyFormat
from api_access.keys import Keys
from api_access.notes import Notes
from api_access.policies import DOCUMENTED
from api_access.policies import EXTENSION as LIMITS
from api_access.rate_limits import Limits, add_headers
from api_access.settings import AccessSettings
from app_server import note_uncounted
from app_server.target import traits_of
from json_rows.kept_answers import KeptAnswers  # noqa: TC001  as other imports
from serverless_postgres.database import Database
from smorest_sqlmodel import Api

if TYPE_CHECKING:
    from api_access.tokens import Tokens

HEADERS_TAKEN = ("Authorization",)
"""What requests may bring, for CORS. No cookies: a browser sends those for other pages, too."""

HEADERS_SENT = ("WWW-Authenticate", *DOCUMENTED)
"""What answers may bring."""


def init_app(
    app: Flask,
    database: Database,
    settings: AccessSettings,
    *,
    keys: type[SQLModel],
    audit: type[SQLModel],
    prefix: str,
    owners: Owners,
) -> None:
    """Ask the callers of an app who they are, before anything but the server looks at a request.

    `keys` is the service's table of keys, and `audit` that of events. Paths below `prefix` are
    guarded whatever they lead to; others where an `api_access.Blueprint` has them. `owners` says
    who the subjects of an issuer are. Raises ConfigurationError where it has to be said whether
    callers are asked, and is not, and for an issuer and limits that can't be.
    """
    settings.check_auth()
    key_format = KeyFormat(settings.key_name, is_production=settings.is_production)
    counters = Counters(settings.rate_limit_storage, note_uncounted)
    limits = Limits(settings, counters)
    attempts = Attempts(settings.auth_failures_per_minute, counters)
    guard = Guard(
        keys=Keys(database, keys, key_format, attempts),
        key_format=key_format,
        notes=Notes(database, keys, audit),
        prefix=prefix,
        others=_others(settings),
        tokens=_tokens_of(settings, database, owners, attempts),
        limits=limits,
        is_public=partial(is_public, app),
        is_on=settings.is_auth_on,
        is_said=settings.auth is not None,
    )
    app.extensions[EXTENSION] = guard
    app.before_request(guard.check)
    app.extensions[LIMITS] = limits
    app.after_request(add_headers)
    app.after_request(guard.watch)
    traits = traits_of(app)
    traits.check_head.append(guard.check_head)
    # Before the connections are closed.
    traits.at_end.insert(0, guard.notes.stop)


def _tokens_of(
    settings: AccessSettings, database: Database, owners: Owners, attempts: Attempts
) -> "Tokens | None":
    if not settings.jwt_issuer:
        return None
    from api_access.tokens import tokens_of  # noqa: PLC0415  cryptography takes long to import

    return tokens_of(settings, settings.jwt_issuer, database, owners, attempts)


def _others(settings: AccessSettings) -> dict[str, Access]:
    """Say what the paths need that are for those who run the service."""
    needed = Access(Scope.READ, of_all=True)
    wanted = {"/metrics": settings.needs_key_for_metrics, "/readyz": settings.readyz_auth == "on"}
    return {path: needed for path, is_wanted in wanted.items() if is_wanted}


def forget_anybody(app: Flask) -> None:
    """Have the answers deleted that were kept while nobody was asked, where callers are asked now.

    They would be for whoever comes when nobody is asked again. Called when `json_rows` is wired.
    """
    guard: Guard = app.extensions[EXTENSION]
    kept: KeptAnswers | None = app.extensions["kept_answers"]
    if guard.is_on and kept is not None:
        guard.notes.at_first(partial(kept.forget, principal=ANYBODY.principal))


def document(api: Api) -> None:
    """Say in the document of an API how callers say who they are."""
    scheme = {
        "type": "http",
        "scheme": "bearer",
        "description": "A key, made with `flask keys create` or `POST /v1/keys`, or a token "
        "(JWT) of the issuer that the service takes them from.",
    }
    api.spec.components.security_scheme(SCHEME, scheme)
    # Operations that say nothing themselves, such as /healthz, are for anybody.
    api.spec.options["security"] = []
