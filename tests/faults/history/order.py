"""Order in real time: what was over before something else began."""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple


class Told(NamedTuple):
    """A number that somebody was told, and when the request for it began and ended."""

    began: float
    ended: float
    number: int


def fallen(told: Iterable[Told], *, strictly: bool = False) -> Iterator[tuple[Told, Told]]:
    """Find numbers lower than one that was told before they were asked for; with that one.

    `strictly`: equal ones, too.
    """
    told = list(told)
    ended = iter(sorted(told, key=itemgetter(1)))
    ahead = next(ended, None)
    highest: Told | None = None
    for later in sorted(told):
        while ahead is not None and ahead.ended < later.began:
            if highest is None or ahead.number > highest.number:
                highest = ahead
            ahead = next(ended, None)
        if highest and later.number < highest.number + strictly:
            yield highest, later
