"""What Neon does asynchronously: operations of a project, which are asked for until they end.

From Neon's API reference v2, "Retrieve operation details", "List operations", and its manual,
"System operations".
"""

from collections.abc import Callable, Iterable, Iterator

from plain_commands.errors import UnavailableError
from serverless_postgres.neon.pages import pages
from serverless_postgres.neon.transport import Answer, NeonTransport
from serverless_postgres.retry import Patience

DONE = {"finished", "skipped"}
# Final, as npm's @neon/sdk 6.1 has it.
GIVEN_UP = {"cancelled", "error", "failed"}
FINAL = DONE | GIVEN_UP
_PAGE = "1000"


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
        pace = self._transport.pace
        whole = pace.polling(pace.operation_s)
        for operation in operations:
            self._wait_for(operation, pace.polling(whole.left_s))

    def of(self, branch_id: str, *, pending: bool = False) -> Iterator[Answer]:
        """List the operations of a branch, newest first; with `pending`, those that go on.

        Neon is asked when the first is wanted: a failure of that is one of the waiting.
        """
        for page in pages(self._transport, self._path, {"limit": _PAGE}, "operations"):
            for item in page["operations"]:
                is_wanted = not pending or item["status"] not in FINAL
                if item.get("branch_id") == branch_id and is_wanted:
                    yield item

    def _wait_for(self, operation: Answer, patience: Patience) -> None:
        while True:
            operation = self._ask(operation, patience)
            status, action = str(operation.get("status")), str(operation.get("action"))
            if status in DONE:
                return
            self.progress(f"{action} is {status}")
            if status in GIVEN_UP:
                reason = str(operation.get("error") or "it gives no reason")
                raise OperationFailedError(operation["id"], action, status, reason)
            if not patience.wait():
                message = (
                    f"Neon's operation {action} ({operation['id']}) is still {status} after "
                    f"{self._transport.pace.operation_s:.0f} s; Neon goes on with it."
                )
                raise UnavailableError(message)

    def _ask(self, operation: Answer, patience: Patience) -> Answer:
        """Ask for an operation; what was known of it, if there is no answer in time."""
        path = f"{self._path}/{operation['id']}"
        least_s = self._transport.pace.connect_s
        try:
            answer = self._transport.call("GET", path, within_s=max(least_s, patience.left_s))
        except UnavailableError:
            if patience.left_s > least_s:
                raise
            return operation
        found: Answer = answer["operation"]
        return found
