"""What Neon does asynchronously: operations of a project, which are asked for until they end.

From Neon's API reference v2, "Retrieve operation details", "List operations", and its manual,
"System operations".
"""

import time
from collections.abc import Callable, Iterable

from service.db.neon.transport import Answer, NeonTransport
from service.errors import UnavailableError

_DONE = {"finished", "skipped"}
# Final, as npm's @neon/sdk 6.1 has it.
_GIVEN_UP = {"cancelled", "error", "failed"}
_LONGEST_POLL_S = 3.0


class OperationFailedError(UnavailableError):
    """Neon has given an operation up, and does not go on with it."""

    def __init__(self, operation_id: str, action: str, status: str, reason: str) -> None:
        super().__init__(
            f"Neon's operation {action} ({operation_id}) is {status}: {reason}. Try again."
        )
        self.operation_id = operation_id
        self.action = action
        self.reason = reason


class Operations:
    """The operations of a project; `progress` is told which one is waited for."""

    def __init__(self, transport: NeonTransport, project_path: str) -> None:
        self.progress: Callable[[str], None] = lambda _: None
        self._transport = transport
        self._path = f"{project_path}/operations"

    def wait(self, operations: Iterable[Answer]) -> None:
        """Wait until operations are finished.

        Raises OperationFailedError when one fails or is cancelled, another UnavailableError when
        it takes longer than it may.
        """
        deadline = time.monotonic() + self._transport.pace.operation_s
        for operation in operations:
            self._wait_for(operation["id"], deadline)

    def of(self, branch_id: str, *, pending: bool = False) -> list[Answer]:
        """List the operations of a branch, newest first; with `pending`, those that go on."""
        answer = self._transport.call("GET", self._path)
        found = [item for item in answer["operations"] if item.get("branch_id") == branch_id]
        return [item for item in found if not pending or item["status"] not in _DONE | _GIVEN_UP]

    def _wait_for(self, operation_id: str, deadline: float) -> None:
        delay_s = self._transport.pace.first_delay_s
        while True:
            operation = self._transport.call("GET", f"{self._path}/{operation_id}")["operation"]
            status = operation["status"]
            if status in _DONE:
                return
            action = str(operation.get("action"))
            self.progress(f"{action} is {status}")
            if status in _GIVEN_UP:
                reason = self._transport.without_key(operation.get("error") or "it gives no reason")
                raise OperationFailedError(operation_id, action, status, reason)
            if time.monotonic() + delay_s > deadline:
                message = (
                    f"Neon's operation {action} ({operation_id}) is still {status} after the time "
                    "it may take; Neon goes on with it."
                )
                raise UnavailableError(message)
            time.sleep(delay_s)
            delay_s = min(delay_s * 1.5, _LONGEST_POLL_S)
