"""The errors that clients are told about, each with its HTTP status and problem type."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

PLACES = {"json": "body", "headers": "header", "cookies": "cookie"}
"""What a FieldError calls the locations of `arguments` that have another name there."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one value of a request.

    `location` is where it came from (`body`, `query`, `path`, `header`, `cookie`, `form`, `files`),
    `pointer` a JSON Pointer (RFC 6901) inside that, `code` a stable word for programs, `message` a
    sentence for people.
    """

    location: str
    pointer: str
    code: str
    message: str


class ApiError(Exception):
    """Something the client can know and act on; subclasses fix status, type and title."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal Server Error"

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


class BadRequestError(ApiError):
    """The request can't be read at all, such as broken JSON."""

    status = 400
    code = "bad-request"
    title = "Bad Request"


class ForbiddenError(ApiError):
    """The caller is known, and may not do this."""

    status = 403
    code = "forbidden"
    title = "Forbidden"


class NotFoundError(ApiError):
    """There is no such thing, or the caller may not see it."""

    status = 404
    code = "not-found"
    title = "Not Found"


class RequestTimeoutError(ApiError):
    """The request did not arrive in time; its connection ends with the answer."""

    status = 408
    code = "request-timeout"
    title = "Request Timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class ConflictError(ApiError):
    """The request is sound, but not in the present state of the data."""

    status = 409
    code = "conflict"
    title = "Conflict"


class PreconditionFailedError(ApiError):
    """`If-Match` names a version that is no longer the current one."""

    status = 412
    code = "precondition-failed"
    title = "Precondition Failed"


class UnsupportedMediaTypeError(ApiError):
    """The body's `Content-Type` is not one that the operation takes."""

    status = 415
    code = "unsupported-media-type"
    title = "Unsupported Media Type"


class InvalidInputError(ApiError):
    """The request can be read, but some of its values are not acceptable."""

    status = 422
    code = "invalid-input"
    title = "Unprocessable Content"

    @classmethod
    def of(cls, *, location: str, name: str, code: str, message: str) -> Self:
        """Refuse one value; the message goes on where the name ends: "must not be empty"."""
        return cls(f"{name} {message}.", errors=[FieldError(location, f"/{name}", code, message)])


class PreconditionRequiredError(ApiError):
    """The operation wants an `If-Match` header (RFC 6585, 3)."""

    status = 428
    code = "precondition-required"
    title = "Precondition Required"


class TooManyRequestsError(ApiError):
    """The caller has used up what is there for one caller (RFC 6585, 4)."""

    status = 429
    code = "too-many-requests"
    title = "Too Many Requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class UnavailableError(ApiError):
    """The database can't be used right now; trying again later is sensible."""

    status = 503
    code = "service-unavailable"
    title = "Service Unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 2, **members: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)}, **members)


class OverloadedError(UnavailableError):
    """There is too much to do; the request has not been begun."""

    code = "overloaded"


class MisconfiguredError(ApiError):
    """A person has to mend the environment of the service; its log has the same sentence."""

    status = 503
    code = "configuration-error"
    title = "Service Unavailable"
