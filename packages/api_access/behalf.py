"""For whom a new row is made: who calls, where they are bound to a user and say nothing else."""

from typing import TypeVar

from sqlmodel import SQLModel

from api_access.caller import caller
from smorest_sqlmodel.errors import FieldError, InvalidInputError

Body = TypeVar("Body", bound=SQLModel)


def for_caller(body: Body, member: str) -> Body:
    """Fill in the user that a key is bound to, where a body leaves out whose its row is.

    With a key that is bound to nobody it must be said: InvalidInputError. That a body names another
    user than the caller's own is no matter of this: to the database that is an unknown one.
    """
    if getattr(body, member) is not None:
        return body
    owner = caller().owner
    if owner is None:
        message = f"{member} is required: the request has no key that is bound to a user."
        missing = FieldError("body", f"/{member}", "missing", "is required")
        raise InvalidInputError(message, errors=[missing])
    return body.model_copy(update={member: owner})
