"""What the commands of `flask db` work on: an application's models, revisions and database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.settings import SchemaSettings

if TYPE_CHECKING:  # At run time, a quick command need not wait for SQLAlchemy and Alembic.
    from alembic.config import Config
    from sqlalchemy import MetaData

    from safe_migrations.recogniser import Recogniser

ATTRIBUTE = "safe_migrations.project"
"""The attribute of Alembic's Config that holds the project."""

RUNS = "safe_migrations.runs"
"""The attribute that tells whether env.py has called `run`."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """An application, as far as its schema is concerned; paths may be relative to the process."""

    settings: SchemaSettings
    metadata: "MetaData | Callable[[], MetaData] | None"
    """The models' tables, or what imports the models and returns them: most commands never do.

    None where nobody has said what they are, so that there is nothing to compare.
    """
    directory: Path = Path("migrations")
    """The folder of the migrations: env.py, the template, and `versions/`."""
    ini: Path | None = None
    """Alembic's settings; without it, alembic.ini in the folder of the migrations or beside it."""
    app: str | None = None
    """How `flask --app` names the application, for the alembic.ini of a new folder."""
    docs: Path = Path("docs/DATABASE_SCHEMA.md")
    """The file that `flask db docs` writes."""
    models: str = "the models"
    """Where the models are, as that file says it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """More options for `context.configure` of Alembic."""
    configure: "tuple[Callable[[Config], Any], ...]" = ()
    """What may change Alembic's Config before each command."""
    recogniser: "Recogniser | None" = None
    """Who knows tables that another program made under the models' names."""
    own: Path | None = None
    """The project's own folder of migrations, where `directory` is another one."""

    def at(self, directory: str | Path | None) -> "Project":
        """Make the same project with another folder of migrations; None leaves it as it is.

        The models tell nothing of what the revisions of another folder make.
        """
        if not directory or Path(directory).resolve() == self.directory.resolve():
            return self
        own = self.own or self.directory
        return replace(self, directory=Path(directory), own=own)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the folder of migrations is another than the project's own."""
        return self.own is not None

    @property
    def versions(self) -> Path:
        """The folder of the revisions' files.

        Raises ConfigurationError when there is none.
        """
        folder = self.directory / "versions"
        if not folder.is_dir():
            message = (
                f"{self.directory} is not a folder of migrations, as it has no folder `versions`: "
                f"`flask db init{f' {self.directory}' if self.is_elsewhere else ''}` makes one."
            )
            raise ConfigurationError(message)
        return folder

    @property
    def alembic_ini(self) -> Path:
        """The file of Alembic's settings, which may not be there yet."""
        if self.ini is not None:
            return self.ini
        folders = (self.directory, self.own) if self.own else (self.directory,)
        places = [place / "alembic.ini" for item in folders for place in (item, item.parent)]
        return next((place for place in places if place.exists()), places[0])

    @property
    def tables(self) -> "MetaData":
        """The models' tables; imports the models, if nobody has yet.

        Raises ConfigurationError when there are none to be known.
        """
        if self.metadata is None:
            message = (
                "It is not known where the models are: `run(context, target_metadata=...)` in "
                "env.py does, or `app = ...` in alembic.ini."
            )
            raise ConfigurationError(message)
        found = _imported(self.metadata) if callable(self.metadata) else self.metadata
        if not hasattr(found, "sorted_tables"):
            message = f"`metadata` must be a MetaData, such as SQLModel.metadata, not {found!r}."
            raise ConfigurationError(message)
        return found

    @property
    def is_suspect(self) -> str:
        """A condition in SQL that holds where a database lacks what the revisions always made."""
        return "false" if self.recogniser is None else self.recogniser.is_suspect

    @property
    def aside(self) -> str | None:
        """The schema that holds tables moved aside, where nobody looks for problems."""
        return None if self.recogniser is None else self.recogniser.aside


def _imported(metadata: "Callable[[], MetaData]") -> "MetaData":
    try:
        return metadata()
    except PlainError:
        raise
    except Exception as error:
        message = f"The models can't be imported: {type(error).__name__}: {error}."
        raise ConfigurationError(message) from error


def project_of(config: "Config") -> Project:
    """Get the project that a configuration of Alembic was made for."""
    found: Project = config.attributes[ATTRIBUTE]
    return found
