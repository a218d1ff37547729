"""Deleting branches: Neon keeps them for a while, with their names, unless it is told not to.

From Neon's API reference v2: "Delete branch", "List branches". That Neon keeps them ("Branch
Recovery") is in preview and not there for everybody: what asks for it may be refused, and for most
projects a deletion is for good.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

from plain_commands.errors import ConfigurationError, ConflictError, PlainError
from serverless_postgres.neon.branches import Branch, listed
from serverless_postgres.neon.moments import minute
from serverless_postgres.neon.refusals import LimitReachedError
from serverless_postgres.neon.transport import Answer, NeonTransport

_LONGEST_KEPT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of deleting a branch."""

    was_there: bool
    is_for_good: bool
    """Nobody can bring it back; otherwise Neon may keep it."""


class Deletions:
    """The deletions of a project's branches."""

    def __init__(self, transport: NeonTransport, project_path: str) -> None:
        self._transport = transport
        self._path = project_path

    def delete(self, branch_id: str, *, for_good: bool) -> tuple[Deletion, Iterable[Answer]]:
        """Delete a branch, for good where that can be had; returns the operations to wait for."""
        path = self._branch(branch_id)
        if for_good:
            try:
                answer = self._transport.call("DELETE", path, query={"hard_delete": "true"})
            except ConfigurationError:
                # Is it the parameter that is refused, or the deletion? The next call tells.
                answer, for_good = self._transport.call("DELETE", path), False
        else:
            answer = self._transport.call("DELETE", path)
        done = Deletion(was_there=bool(answer), is_for_good=for_good)
        return done, answer.get("operations", ())

    def kept(self, name_or_id: str) -> Branch | None:
        """Find a deleted branch; raises ConfigurationError where Neon doesn't tell of them."""
        found = listed(self._transport, self._path, search=name_or_id, deleted=True)
        kept = (item for item in found if item.recoverable_until)
        return next((item for item in kept if name_or_id in {item.name, item.id}), None)

    def recovery(self, branch_id: str) -> str:
        """Name the command of Neon's own CLI that brings a deleted branch back."""
        return f"neon api {self._branch(branch_id)}/recover -X POST"

    def fate(self, kept: Branch) -> str:
        """Say until when Neon keeps a deleted branch, without the full stop."""
        return (
            f"Neon keeps it, and its name, until {minute(kept.recoverable_until)}: "
            f"`{self.recovery(kept.id)}` (Neon's own CLI) brings it back"
        )

    def lingering(self, branch_id: str) -> tuple[str | None, str]:
        """Tell until when Neon keeps a deleted branch, as far as it says so, and in a sentence.

        It is empty for one that is gone.
        """
        try:
            kept = self.kept(branch_id)
        except PlainError:
            # It is no reason to call the deletion a failure.
            return None, f"Neon may keep it, with its name, for up to {_LONGEST_KEPT_DAYS} days."
        return (kept.recoverable_until, f"{self.fate(kept)}.") if kept else (None, "")

    @contextmanager
    def naming(self, name: str | None) -> Iterator[None]:
        """Say who has the name that Neon refuses, where no branch has it that is there."""
        try:
            yield
        except LimitReachedError:
            raise
        except ConflictError as error:
            kept = None
            with suppress(PlainError):
                kept = self.kept(name) if name else None
            if not kept:
                raise
            message = f"Branch {kept.label} is deleted, but {self.fate(kept)}. Choose another name."
            raise ConflictError(message) from error

    def _branch(self, branch_id: str) -> str:
        return f"{self._path}/branches/{quote(branch_id, safe='')}"
