"""A unit of work for commands, whose errors are sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from plain_commands.errors import ConflictError, UnavailableError
from service.settings import Settings

if TYPE_CHECKING:  # At run time, `flask workflows --help` should not wait for them.
    from json_rows.unit_of_work import UnitOfWork


@contextmanager
def working(settings: Settings) -> Iterator["UnitOfWork"]:
    """Work in the service's database; UnavailableError where it is away."""
    import psycopg2  # noqa: PLC0415  heavy, all of them

    from json_rows.unit_of_work import UnitOfWork  # noqa: PLC0415
    from serverless_postgres.database import Database  # noqa: PLC0415
    from smorest_sqlmodel.errors import ApiError  # noqa: PLC0415

    database = Database(settings)
    try:
        with UnitOfWork(database) as work:
            yield work
    except ApiError as error:
        raise UnavailableError(error.detail) from error
    except psycopg2.ProgrammingError as error:
        message = "The database schema is not up to date: run `flask db upgrade`."
        raise ConflictError(message) from error
    finally:
        database.dispose()
