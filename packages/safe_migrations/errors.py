"""What can be wrong with a schema and its revisions, and the exit code of each."""

from enum import IntEnum

from plain_commands.errors import ConfigurationError, UnavailableError


class ExitCode(IntEnum):
    """How a command of `flask db` ends."""

    OK = 0
    ERROR = 1
    DRIFT = 2
    """The models and the database differ."""
    BEHIND = 3
    """Revisions are pending."""
    LINT = 4
    """A revision holds unsafe operations."""
    LOCKED = 5
    """Others held their locks for too long."""
    SEVERAL_HEADS = 6
    """Two revisions follow the same one, and nobody has merged them."""


class LockedError(UnavailableError):
    """Other connections, or another deploy, held their locks for longer than one may wait."""

    code = "locked"
    exit_code = ExitCode.LOCKED


class SeveralHeadsError(ConfigurationError):
    """The revisions have several heads, so that "the newest" is not one."""

    code = "several-heads"
    exit_code = ExitCode.SEVERAL_HEADS


class BehindError(ConfigurationError):
    """Revisions are pending, and the command wants them applied."""

    code = "behind"
    exit_code = ExitCode.BEHIND


class DriftError(ConfigurationError):
    """The models and the database differ."""

    code = "drift"
    exit_code = ExitCode.DRIFT
