"""What people are told when something is wrong: a sentence, a word for programs, an exit code."""

from typing import Any, ClassVar


class PlainError(Exception):
    """Something that a person can know and act on.

    `detail` is one or two sentences with the way out, `code` a stable word for programs (`--json`),
    `exit_code` how a command ends with it, `members` what a program may want to know besides.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class ConfigurationError(PlainError):
    """The environment is incomplete or contradictory: a person has to mend it."""

    code = "configuration-error"


class UnavailableError(PlainError):
    """What is needed can't be reached right now; trying again later is sensible."""

    code = "service-unavailable"


class NotFoundError(PlainError):
    """There is no such thing."""

    code = "not-found"


class ConflictError(PlainError):
    """The command is sound, but not in the present state of things."""

    code = "conflict"


class InvalidInputError(PlainError):
    """A value that was given is not acceptable."""

    code = "invalid-input"
