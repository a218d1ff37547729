"""Makes a new folder of migrations, laid out as Flask-Migrate does it."""

import os
import shutil
from pathlib import Path

from plain_commands.errors import ConfigurationError
from safe_migrations.project import Project

_TEMPLATE = Path(__file__).parent / "template"
_FILES = ("alembic.ini", "env.py", "script.py.mako", "README")


def make_folder(project: Project, *, package: bool = False) -> None:
    """Make the folder of a project's migrations.

    Where the project has another one already, env.py and all else is as there. Raises
    ConfigurationError when something is there already.
    """
    folder = project.directory
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} exists already and is not empty: name another folder."
        raise ConfigurationError(message)
    has_own = project.own is not None and (project.own / "env.py").is_file()
    pattern = project.own if project.own is not None and has_own else _TEMPLATE
    try:
        (folder / "versions").mkdir(parents=True)
        for file in _FILES:
            if (pattern / file).is_file():
                shutil.copyfile(pattern / file, folder / file)
        if not has_own and project.app:
            _tell_application(folder, project.app)
        for place in (folder, folder / "versions") if package else ():
            (place / "__init__.py").touch()
    except OSError as error:
        message = f"{folder} can't be made: {error.strerror}."
        raise ConfigurationError(message) from error


def _tell_application(folder: Path, app: str) -> None:
    """Write into alembic.ini which application it is, and that it is found from here."""
    ini = folder / "alembic.ini"
    text = ini.read_text(encoding="utf-8")
    here = os.path.relpath(Path.cwd(), folder).replace(os.sep, "/").replace("%", "%%")
    text = text.replace("# app =", "app = " + app.replace("%", "%%"))
    ini.write_text(text.replace("%(here)s/..", f"%(here)s/{here}"), encoding="utf-8")
