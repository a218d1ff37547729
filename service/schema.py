"""What `flask db` works on: the trip planner's models, migrations and database."""

from typing import TYPE_CHECKING

from safe_migrations.project import Project
from service.prototype_tables import PrototypeRecogniser
from service.settings import ROOT, Settings

if TYPE_CHECKING:  # At run time, most commands never wait for the models.
    from sqlalchemy import MetaData


def project(settings: Settings | None = None) -> Project:
    """Make the project, by default with the settings of the environment.

    Raises ConfigurationError for settings that can't be used.
    """
    return Project(
        settings=settings or Settings.load(),
        metadata=_metadata,
        directory=ROOT / "migrations",
        ini=ROOT / "alembic.ini",
        docs=ROOT / "docs" / "DATABASE_SCHEMA.md",
        models="the models in `service/models`",
        recogniser=PrototypeRecogniser(),
    )


def _metadata() -> "MetaData":
    from sqlmodel import SQLModel  # noqa: PLC0415

    import service.models  # noqa: F401, PLC0415  the tables register themselves in the metadata

    return SQLModel.metadata
