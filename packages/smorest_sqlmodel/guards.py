"""What stands at the door of a blueprint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask.typing import ResponseReturnValue

from smorest_sqlmodel.documentation import add_errors


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets requests in: before anything of one is read or checked, `check` raises what is wrong.

    What it returns, unless that is None, is answered in the view's place: a way to a login. For the
    document, `errors` are the statuses of what it raises, and `adds` is what each operation
    has for its sake, such as `{"security": [{"key": []}]}`.
    """

    check: Callable[[], ResponseReturnValue | None]
    errors: tuple[HTTPStatus, ...] = ()
    adds: Mapping[str, Any] = field(default_factory=dict)

    def document(self, operation: dict[str, Any], information: dict[str, Any]) -> None:
        """Say in an operation of the document what this guard means for it."""
        add_errors(information, *self.errors)
        operation.update(self.adds)
