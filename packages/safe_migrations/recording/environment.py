"""What env.py says about revisions: its metadata with a naming convention, added operations."""

import logging.config
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NoReturn

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from safe_migrations.recording.guard import guarded


class _ConfiguredError(BaseException):
    """All that is to be known is known."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The metadata that env.py hands to Alembic, None without; `problem` says why it stopped."""

    target_metadata: Any = None
    problem: str | None = None


def environment(config: Config, directory: ScriptDirectory) -> Environment:
    """Run env.py as for `upgrade --sql`, without a database, up to where it configures Alembic."""
    path = Path(directory.dir) / "env.py"
    if not path.is_file():
        return Environment()
    asked = Config(config.config_file_name, attributes={**config.attributes})
    asked.set_main_option("script_location", str(directory.dir).replace("%", "%%"))
    asked.cmd_opts = config.cmd_opts
    asked.attributes.update(command="upgrade", connection=None, raise_errors=True)
    asked.attributes["configure_logging"] = False
    context: Any = EnvironmentContext(asked, directory, as_sql=True, destination_rev="heads")
    configured: dict[str, Any] = {}

    def configure(*_: Any, **options: Any) -> NoReturn:
        configured.update(options)
        raise _ConfiguredError

    context.configure = configure
    spec = spec_from_file_location("env_py", path, loader=SourceFileLoader("env_py", str(path)))
    assert spec is not None  # noqa: S101  a loader was given
    assert spec.loader is not None  # noqa: S101  a loader was given
    module = module_from_spec(spec)
    problem = None
    with context, guarded(lambda _: None, path.parent), redirect_stdout(sys.stderr), _logging():
        try:
            spec.loader.exec_module(module)
        except _ConfiguredError:
            pass
        except (Exception, SystemExit) as error:  # noqa: BLE001  env.py may do anything
            said = " ".join(str(error).split())[:200]
            problem = f"{type(error).__name__}: {said}"
    if "target_metadata" in configured or problem is None:
        return Environment(configured.get("target_metadata"))
    return Environment(getattr(module, "target_metadata", None), problem)


@contextmanager
def _logging() -> Iterator[None]:
    """Keep env.py from setting up the log of the process, which is not its command's."""
    before = logging.config.fileConfig
    logging.config.fileConfig = lambda *_, **__: None
    try:
        yield
    finally:
        logging.config.fileConfig = before
