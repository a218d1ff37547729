"""How far the making of a branch has come, where somebody tries again after a failure.

From Neon's API reference v2, "Branch": a branch is `init` until it can be used; and "Operations":
making one is `create_branch`, with a compute `start_compute` follows.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from serverless_postgres.neon.branches import Branch
from serverless_postgres.neon.operations import DONE, GIVEN_UP
from serverless_postgres.neon.transport import Answer

_MAKES = {"create_branch", "create_timeline"}
_STARTS = {"create_compute", "start_compute", "apply_config", "check_availability"}


class Progress(Enum):
    """How far it is."""

    GOES_ON = "goes on"
    LOST = "lost"
    """It was given up before the branch was ready: nobody can have written to it."""
    NOT_STARTED = "not started"
    """The branch is ready; its compute's first start was given up."""
    OVER = "over"
    """It is a branch like others, which somebody may use; or more is not known."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The making of a branch, and what of it goes on."""

    progress: Progress
    pending: tuple[Answer, ...] = ()

    @classmethod
    def of(cls, branch: Branch, operations: list[Answer]) -> Self:
        """Judge by the operations that Neon lists for a branch; in doubt, it is over."""
        if not any(item["action"] in _MAKES for item in operations):
            return cls(Progress.OVER)
        is_init = (branch.state or "").startswith("init")
        pending = tuple(item for item in operations if item["status"] not in DONE | GIVEN_UP)
        given_up = {item["action"] for item in operations if item["status"] in GIVEN_UP}
        if is_init:
            if pending:
                return cls(Progress.GOES_ON, pending)
            is_made = any(
                item["action"] in _MAKES and item["status"] in DONE for item in operations
            )
            return cls(Progress.OVER if is_made or not given_up & _MAKES else Progress.LOST)
        is_first_start = all(
            item["action"] in _MAKES or (item["action"] in _STARTS and item["status"] not in DONE)
            for item in operations
        )
        if not is_first_start or not (branch.state or "").startswith("ready"):
            return cls(Progress.OVER)
        if pending:
            return cls(Progress.GOES_ON, pending)
        return cls(Progress.NOT_STARTED if given_up & _STARTS else Progress.OVER)
