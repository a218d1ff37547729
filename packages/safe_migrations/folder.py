"""Makes a new folder of migrations."""

import shutil
from pathlib import Path

from plain_commands.errors import ConfigurationError
from service.settings import ROOT


def make_folder(name: str, *, package: bool = False) -> None:
    """Make a folder with this project's env.py and template, for revisions of its own.

    Raises ConfigurationError when something is there already.
    """
    folder = Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{name} exists already and is not empty: name another folder."
        raise ConfigurationError(message)
    try:
        (folder / "versions").mkdir(parents=True)
        for file in ("env.py", "script.py.mako"):
            shutil.copyfile(ROOT / "migrations" / file, folder / file)
        for place in (folder, folder / "versions") if package else ():
            (place / "__init__.py").touch()
    except OSError as error:
        message = f"{name} can't be made: {error.strerror}."
        raise ConfigurationError(message) from error
