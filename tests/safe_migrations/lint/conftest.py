"""The tables of `cases/_base.py`, in a folder of revisions and in databases."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration, run
from service.schema import project
from service.settings import ROOT

BASE = Path(__file__).parent / "cases" / "_base.py"


@pytest.fixture(scope="session")
def base_database(server, execute, tmp_path_factory):
    """Name a database at the revision `start`, to be copied or looked at."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "versions").mkdir()
    for name in ("env.py", "script.py.mako"):
        shutil.copy(ROOT / "migrations" / name, folder)
    shutil.copy(BASE, folder / "versions" / "base.py")
    name = f"lint_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    url = server.set(database=name).render_as_string(hide_password=False)
    run(project().at(folder), "upgrade", "head", x=(f"url={url}",), quiet=True)
    yield name
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def started(migrations):
    """A folder of revisions that follow `start`; its database is empty."""
    shutil.copy(BASE, migrations.folder / "versions" / "base.py")
    migrations.last = "start"
    return migrations


@pytest.fixture
def started_database(started, server, execute, base_database):
    """The same, with a database that is at `start`."""
    name = started.url.database
    copy = f"CREATE DATABASE {name} TEMPLATE {base_database} STRATEGY file_copy"
    execute(server, f"DROP DATABASE {name}", copy)
    return started


@pytest.fixture
def rules(started):
    """Write revisions, and list the rules that lint finds broken in those after `start`."""

    def find(*upgrades: str, **more: str) -> list[str]:
        for number, upgrade in enumerate(upgrades):
            started.write(f"r{number}", upgrade, **more)
        config = configuration(project().at(started.folder), quiet=True)
        return [item.rule for item in lint(config, "start:").findings]

    return find
