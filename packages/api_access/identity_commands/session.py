"""What the commands about identities have in common: the issuer, and the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from api_access.issuer_settings import LONGEST_NAME, is_subject
from api_access.settings import AccessSettings
from plain_commands.command import subject
from plain_commands.errors import ConfigurationError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from api_access.identities import Links, Owners


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose identities the commands are about."""

    settings: AccessSettings
    find_owners: "Callable[[], Owners]"


@contextmanager
def links() -> Iterator["Links"]:
    """Open the database; raises ConfigurationError where no issuer is set."""
    import psycopg2  # noqa: PLC0415  heavy, as are those below

    from api_access.identities import Links  # noqa: PLC0415
    from json_rows import UnitOfWork  # noqa: PLC0415
    from serverless_postgres.database import Database  # noqa: PLC0415
    from smorest_sqlmodel.errors import ApiError  # noqa: PLC0415

    about = cast("Subject", subject())
    settings = about.settings
    if not settings.jwt_issuer:
        message = "JWT_ISSUER is not set: a subject is only known together with its issuer."
        raise ConfigurationError(message)
    database = Database(cast("Any", settings))
    try:
        with UnitOfWork(database) as work:
            yield Links(work, about.find_owners(), settings.jwt_issuer)
    except psycopg2.errors.UndefinedTable as error:
        message = "The database has no table of identities yet: run `flask db upgrade` first."
        raise ConfigurationError(message) from error
    except ApiError as error:
        raise UnavailableError(error.detail) from error
    finally:
        database.dispose()


def checked(text: str) -> str:
    """Check a subject; InvalidInputError for what no token may have."""
    if not is_subject(text):
        message = (
            f"A subject has 1 to {LONGEST_NAME} characters that show, as the `sub` of its tokens."
        )
        raise InvalidInputError(message)
    return text
