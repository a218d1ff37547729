"""Starts a server: what is right for any of them is seen to before its workers are."""

import asyncio
import logging
import os
import pickle
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from app_server.listener import Listeners
from app_server.observability import logs
from app_server.settings import ServerSettings
from app_server.supervisor import Launch, Supervisor
from plain_commands.errors import ConfigurationError

logger = logging.getLogger(__name__)


def serve(
    app: str,
    settings: ServerSettings,
    *,
    folder: Path | None = None,
    read_again: Callable[[], ServerSettings] | None = None,
    warning: str = "",
) -> int:
    """Serve a WSGI app in worker processes until SIGTERM or SIGINT; return the exit code.

    `app` names it as `module:app`, or a function that makes it, as `module:create_app`. Only the
    workers import it, and they run in `folder`, by default the current one. `read_again`, a
    function of a module that they can import, is what each new worker asks for its settings, so
    that a reload (SIGHUP) also serves with what has changed there; otherwise they stay as they are.
    A `warning` is logged first.

    Raises ConfigurationError for settings that can't work, for a port that can't be taken, and
    where granian is not installed.
    """
    _open_standard_files()
    check(settings)
    logs.configure(settings)
    if warning:
        logger.warning("%s", warning)
    launch = Launch(pickle.dumps((app, read_again or settings)), folder)
    with Listeners(settings) as listeners:
        return asyncio.run(Supervisor(settings, listeners, launch).run())


def _open_standard_files() -> None:
    """Put /dev/null where the caller left stdin, stdout or stderr closed.

    Otherwise a socket would end up there, and the workers would take it for one of these files.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  has no keyword
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  as it is


def check(settings: ServerSettings) -> None:
    """Raise ConfigurationError for settings that can't work, or where granian is not installed."""
    if find_spec("granian") is None:
        message = "The server is built on granian, which is not installed: `pip install granian`."
        raise ConfigurationError(message)
    if settings.drain_s >= settings.grace_s:
        message = "DRAIN_S must be less than GRACE_S: it is the first part of it."
        raise ConfigurationError(message)
