"""flask-smorest that speaks SQLModel and pydantic: Api, Blueprint, problem details, OpenAPI 3.1."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smorest_sqlmodel.blueprint import Blueprint
    from smorest_sqlmodel.errors import (
        ApiError,
        BadRequestError,
        ConflictError,
        FieldError,
        InvalidInputError,
        MisconfiguredError,
        NotFoundError,
        OverloadedError,
        PreconditionFailedError,
        PreconditionRequiredError,
        RequestTimeoutError,
        TooManyRequestsError,
        UnavailableError,
        UnsupportedMediaTypeError,
    )
    from smorest_sqlmodel.guards import Guard
    from smorest_sqlmodel.openapi import Api
    from smorest_sqlmodel.parsing import COMMA_SEPARATED, UploadedFile
    from smorest_sqlmodel.path import UUIDConverter

__all__ = [
    "COMMA_SEPARATED",
    "Api",
    "ApiError",
    "BadRequestError",
    "Blueprint",
    "ConflictError",
    "FieldError",
    "Guard",
    "InvalidInputError",
    "MisconfiguredError",
    "NotFoundError",
    "OverloadedError",
    "PreconditionFailedError",
    "PreconditionRequiredError",
    "RequestTimeoutError",
    "TooManyRequestsError",
    "UUIDConverter",
    "UnavailableError",
    "UnsupportedMediaTypeError",
    "UploadedFile",
]

_MODULES = {
    "Api": "openapi",
    "Blueprint": "blueprint",
    "COMMA_SEPARATED": "parsing",
    "Guard": "guards",
    "UUIDConverter": "path",
    "UploadedFile": "parsing",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: the errors alone need neither Flask nor pydantic."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
