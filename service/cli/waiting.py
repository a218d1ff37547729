"""What a person sees of work that takes a while, and after Ctrl-C."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # At run time, only a terminal needs it, and only after a while.
    from rich.status import Status

NOTICE_AFTER_S = 2


@contextmanager
def waiting(what: str, if_interrupted: str = "") -> Iterator[Callable[[str], None]]:
    """Say what takes more than two seconds: on a terminal how it goes, elsewhere once.

    Yields a function that takes how far the work is. `if_interrupted` is told after Ctrl-C.
    """
    notice = _Notice(what)
    try:
        yield notice.tell
    except KeyboardInterrupt:
        notice.stop()
        if if_interrupted:
            click.echo(if_interrupted, err=True)
        raise click.Abort from None
    finally:
        notice.stop()


class _Notice:
    def __init__(self, what: str) -> None:
        self._what = what
        self._detail = ""
        self._status: Status | None = None
        self._timer = Timer(NOTICE_AFTER_S, self._show)
        self._timer.daemon = True
        self._timer.start()

    def tell(self, detail: str) -> None:
        self._detail = detail
        if self._status:
            self._status.update(self._text())

    def stop(self) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._status:
            self._status.stop()
            self._status = None

    def _show(self) -> None:
        if not sys.stderr.isatty():
            click.echo(self._text(), err=True)
            return
        from rich.console import Console  # noqa: PLC0415  heavy

        self._status = Console(stderr=True).status(self._text())
        self._status.start()

    def _text(self) -> str:
        return f"{self._what} ..." + (f" ({self._detail})" if self._detail else "")
