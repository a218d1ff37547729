"""What a person sees of work that takes a while, and after Ctrl-C."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # At run time, only a terminal needs it, and only after a while.
    from rich.live import Live
    from rich.spinner import Spinner

SHOWN_AFTER_S = 0.1
"""On a terminal, where it vanishes with the end of the work."""
SAID_AFTER_S = 1.0
"""Elsewhere, where it stays; before it, a process takes half a second to get here."""
_running: "list[_Notice]" = []


@contextmanager
def waiting(what: str, if_interrupted: str = "") -> Iterator[Callable[[str], None]]:
    """Say what takes a while: on a terminal at once and how it goes, elsewhere after 1 s and once.

    Yields a function that takes how far the work is. `if_interrupted` is told after Ctrl-C.
    """
    hush()
    notice = _Notice(what)
    _running.append(notice)
    try:
        yield notice.tell
    except KeyboardInterrupt:
        notice.stop()
        if if_interrupted:
            click.echo(if_interrupted, err=True)
        raise click.Abort from None
    finally:
        notice.stop()
        _running.remove(notice)


def at_terminal() -> bool:
    """Tell whether somebody may be watching; there is no stderr where a program has closed it."""
    return sys.stderr is not None and sys.stderr.isatty()


def hush() -> None:
    """Show nothing any more of the work that goes on: something better does, or asks a person."""
    for notice in _running:
        notice.stop()


class _Notice:
    def __init__(self, what: str) -> None:
        self._what = what
        self._detail = ""
        self._live: Live | None = None
        self._is_stopped = False
        self._lock = Lock()
        self._timer = Timer(SHOWN_AFTER_S if at_terminal() else SAID_AFTER_S, self._show)
        self._timer.daemon = True
        self._timer.start()

    def tell(self, detail: str) -> None:
        self._detail = detail
        with self._lock:
            if self._live:
                self._live.update(self._spinner())

    def stop(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_stopped = True
            if self._live:
                self._live.stop()
                self._live = None
        self._timer.join()

    def _show(self) -> None:
        if at_terminal():
            from rich.console import Console  # noqa: PLC0415  heavy
            from rich.live import Live  # noqa: PLC0415  heavy

        with self._lock:
            if self._is_stopped:
                return
            if not at_terminal():
                click.echo(self._text(), err=True)
                return
            # What a command writes into a file must not go to the terminal.
            self._live = Live(
                self._spinner(),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
            )
            self._live.start()

    def _spinner(self) -> "Spinner":
        from rich.spinner import Spinner  # noqa: PLC0415  heavy
        from rich.text import Text  # noqa: PLC0415  heavy

        return Spinner("dots", Text(self._text()), style="status.spinner")

    def _text(self) -> str:
        return f"{self._what} ..." + (f" ({self._detail})" if self._detail else "")
