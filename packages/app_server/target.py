"""Finds the app that is to be served, by its name, and what the server may rely on with it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from wsgiref.types import WSGIApplication

from plain_commands.errors import ConfigurationError

_EXTENSION = "app_server"


@dataclass(kw_only=True)
class Traits:
    """What the server may rely on beyond WSGI; of an app that says nothing it expects nothing.

    Flask apps keep theirs among their extensions.
    """

    words_refusals: bool = False
    """Whether the app answers itself what the server refuses: see refusal.py."""
    at_once: set[bytes] = field(default_factory=set)
    """Paths that wait for nothing: they are answered in the event loop itself."""
    apart: set[bytes] = field(default_factory=set)
    """Paths that have a thread of their own, so that they are answered when all others are busy."""
    check_head: list[Callable[[str, bytes, list[tuple[bytes, bytes]]], None]] = field(
        default_factory=list
    )
    """Called with the method, the path and the headers of a request before its body is waited for:
    what they raise, an ApiError, is answered. They wait for nothing."""
    stop_waiting: list[Callable[[], None]] = field(default_factory=list)
    """Called shortly before the grace of a process that stops is over."""
    at_end: list[Callable[[], None]] = field(default_factory=list)
    """Called when a process has answered all that it had begun."""


def traits_of(app: Any) -> Traits:
    """Get what an app says of itself, to be changed in place."""
    extensions: dict[str, Any] = getattr(app, "extensions", {})
    return cast("Traits", extensions.setdefault(_EXTENSION, Traits()))


def load(name: str) -> WSGIApplication:
    """Import an app by its name, `module:app`, or make it where the name is that of a function.

    A function is what can't be called as a WSGI app is, with an environ and a `start_response`; it
    is called without arguments. Raises ConfigurationError for a name that leads to neither.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute, None) if module else None
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        found = None
    if not callable(found):
        message = f"There is no app {name!r}: name a module and its app, such as wsgi:app."
        raise ConfigurationError(message)
    return cast("WSGIApplication", found if _takes_requests(found) else found())


def _takes_requests(found: Callable[..., Any]) -> bool:
    try:
        inspect.signature(found).bind({}, None)
    except TypeError:
        return False
    except ValueError:  # It is written in C, and says nothing of its arguments.
        return True
    return True
