"""Who calls an API, and what they may do: keys, tokens of an issuer, scopes, limits."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api_access.api_key import Scope
    from api_access.behalf import for_caller
    from api_access.blueprint import Blueprint
    from api_access.caller import Caller, asker
    from api_access.errors import InsufficientScopeError, UnauthorizedError
    from api_access.identities import Owners
    from api_access.rate_limits import Limits, limits
    from api_access.settings import AccessSettings
    from api_access.wiring import HEADERS_SENT, HEADERS_TAKEN, document, forget_anybody, init_app

__all__ = [
    "HEADERS_SENT",
    "HEADERS_TAKEN",
    "AccessSettings",
    "Blueprint",
    "Caller",
    "InsufficientScopeError",
    "Limits",
    "Owners",
    "Scope",
    "UnauthorizedError",
    "asker",
    "document",
    "for_caller",
    "forget_anybody",
    "init_app",
    "limits",
]

_MODULES = {
    "api_key": ("Scope",),
    "behalf": ("for_caller",),
    "blueprint": ("Blueprint",),
    "caller": ("Caller", "asker"),
    "errors": ("InsufficientScopeError", "UnauthorizedError"),
    "identities": ("Owners",),
    "rate_limits": ("Limits", "limits"),
    "settings": ("AccessSettings",),
    "wiring": ("HEADERS_SENT", "HEADERS_TAKEN", "document", "forget_anybody", "init_app"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for: settings are read without Flask and SQLAlchemy."""
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
