"""Stands for values that only a database knows."""

import dis
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Literal, Self, SupportsIndex

Decide = Callable[[str], bool]
"""Answers a question whose answer nobody knows, and remembers that it was asked."""


class Unknown(str):
    """A value of any type: what is done with it gives another one, and a comparison is a guess.

    It is a text, as much takes nothing else, and reads as 1.
    """

    __slots__ = ("_decide",)
    _decide: Decide

    @classmethod
    def of(cls, decide: Decide) -> Self:
        """Make one whose comparisons are decided by a function."""
        made = cls("1")
        made._decide = decide
        return made

    def _again(self, *_: object, **__: object) -> "Unknown":
        return Unknown.of(self._decide)

    def _guess(self, *_: object) -> bool:
        return self._decide("a value")

    def __getattr__(self, name: str) -> "Unknown":
        # Protocols that Python and its libraries look for are not a value's.
        if name.startswith("__"):
            raise AttributeError(name)
        return self._again()

    def __iter__(self) -> Iterator[Any]:
        return iter([self._again() for _ in range(_unpacked(sys._getframe(1)))])  # noqa: SLF001

    def __add__(self, other: Any) -> str:
        return f"1{other}" if isinstance(other, str) else self._again()

    def __radd__(self, other: Any) -> str:
        return f"{other}1" if isinstance(other, str) else self._again()

    def __rmod__(self, other: Any) -> str:
        return other % str(self) if isinstance(other, str) else self._again()

    def __format__(self, spec: str) -> str:
        try:
            return format("1", spec)
        except ValueError:
            return format(1, spec)

    __call__ = __getitem__ = _again
    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _again
    __floordiv__ = __rfloordiv__ = __mod__ = __neg__ = __abs__ = _again
    __and__ = __rand__ = __or__ = __ror__ = __enter__ = _again
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _guess
    __bool__ = __contains__ = _guess

    def __exit__(self, *_: object) -> Literal[False]:
        return False

    def __hash__(self) -> int:
        return str.__hash__(self)

    def __int__(self) -> int:
        return 1

    __index__ = __len__ = __int__

    def __float__(self) -> float:
        return 1.0

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return str, ("1",)


def _unpacked(frame: FrameType) -> int:
    """Tell how many values a frame wants of what it iterates over; a loop wants one."""
    code = frame.f_code.co_code
    name = dis.opname[code[frame.f_lasti]]
    return code[frame.f_lasti + 1] if name == "UNPACK_SEQUENCE" else 1
