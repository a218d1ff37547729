"""The errors that the service tells its clients about, each with its HTTP status and problem type.

They know nothing of HTTP libraries: `api/errors.py` turns them into RFC 9457 problem details, the
commands of `cli/` into one sentence and an exit code.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self


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


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one value of a request.

    `location` is where it came from (`body`, `query`, `path`, `header`, `form`, `files`), `pointer`
    a JSON Pointer (RFC 6901) inside that, `code` a stable word for programs, `message` a sentence
    for people.
    """

    location: str
    pointer: str
    code: str
    message: str


class ServiceError(Exception):
    """Something the client can know and act on; subclasses fix status, type and title."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal Server Error"
    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(
        self,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.headers = dict(headers or {})
        self.members = members


class BadRequestError(ServiceError):
    """The request can't be read at all, such as broken JSON."""

    status = 400
    code = "bad-request"
    title = "Bad Request"


class NotFoundError(ServiceError):
    """There is no such thing, or the caller may not see it."""

    status = 404
    code = "not-found"
    title = "Not Found"


class RequestTimeoutError(ServiceError):
    """The request did not arrive in time; its connection ends with the answer."""

    status = 408
    code = "request-timeout"
    title = "Request Timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class ConflictError(ServiceError):
    """The request is sound, but not in the present state of the data."""

    status = 409
    code = "conflict"
    title = "Conflict"


class PreconditionFailedError(ServiceError):
    """`If-Match` names a version that is no longer the current one."""

    status = 412
    code = "precondition-failed"
    title = "Precondition Failed"


class UnsupportedMediaTypeError(ServiceError):
    """The body's `Content-Type` is not one that the operation takes."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported Media Type"


class InvalidInputError(ServiceError):
    """The request can be read, but some of its values are not acceptable."""

    status = 422
    code = "invalid-input"
    title = "Unprocessable Content"

    @classmethod
    def of(cls, *, location: str, name: str, code: str, message: str) -> Self:
        """Refuse one value; the message goes on where the name ends: "must not be empty"."""
        return cls(f"{name} {message}.", errors=[FieldError(location, f"/{name}", code, message)])


class PreconditionRequiredError(ServiceError):
    """The operation wants an `If-Match` header (RFC 6585, 3)."""

    status = 428
    code = "precondition-required"
    title = "Precondition Required"


class TooManyRequestsError(ServiceError):
    """The caller has used up what is there for one caller (RFC 6585, 4)."""

    status = 429
    code = "too-many-requests"
    title = "Too Many Requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class UnavailableError(ServiceError):
    """The database can't be used right now; trying again later is sensible."""

    status = 503
    code = "service-unavailable"
    title = "Service Unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 2, **members: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **members)


class OverloadedError(UnavailableError):
    """There is too much to do; the request has not been begun."""

    code = "overloaded"


class ConfigurationError(ServiceError):
    """The environment is incomplete or contradictory: a person has to mend it."""

    status = 503
    code = "configuration-error"
    title = "Service Unavailable"


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
