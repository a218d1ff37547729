"""The tools that hold the document to account, where `make contract` has installed them."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / f"{os.environ.get('VENV', '.venv')}-contract"

collect_ignore_glob = [] if (TOOLS / ".installed").exists() else ["test_*.py"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the programs find what they import."""
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


@pytest.fixture
def document(app: Flask, folder: Path) -> Path:
    """The document as a file."""
    path = folder / "openapi.json"
    path.write_text(app.test_client().get("/openapi.json").text, encoding="utf-8")
    return path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run one of the tools: `run("tsc", "--strict")`; what it says is shown when it fails."""
    path = os.pathsep.join(
        [str(TOOLS / "node_modules" / ".bin"), str(TOOLS / "bin"), os.environ["PATH"]]
    )
    env = {
        **os.environ,
        "PATH": path,
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "PYTHONPATH": str(folder),
    }

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=env,
            check=False,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def url(app: Flask, database: object) -> Iterator[str]:
    """Where the service answers, with no rows."""
    assert database is app.extensions["database"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def chromium() -> str:
    """The browser; what Debian's package is called, and what others are."""
    found = [path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))]
    assert found, "Chromium is needed: apt install chromium"
    return found[0]
