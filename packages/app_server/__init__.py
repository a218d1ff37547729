"""A production server for WSGI apps, with what browsers, probes and dashboards want of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app_server.healthcheck import check_alive as check_alive
    from app_server.observability.wiring import note_schema as note_schema
    from app_server.observability.wiring import note_uncounted as note_uncounted
    from app_server.observability.wiring import observe as observe
    from app_server.readiness import Readiness as Readiness
    from app_server.security import init_app as init_app
    from app_server.serving import serve as serve
    from app_server.settings import ServerSettings as ServerSettings

_PLACES = {
    "Readiness": "readiness",
    "ServerSettings": "settings",
    "check_alive": "healthcheck",
    "init_app": "security",
    "note_schema": "observability.wiring",
    "note_uncounted": "observability.wiring",
    "observe": "observability.wiring",
    "serve": "serving",
}

__all__ = [
    "Readiness",
    "ServerSettings",
    "check_alive",
    "init_app",
    "note_schema",
    "note_uncounted",
    "observe",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: a supervisor needs none of Flask."""
    if name in _PLACES:
        return getattr(import_module(f"app_server.{_PLACES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
