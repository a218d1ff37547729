"""The container without Docker: what the Dockerfile copies, and the commands that it runs there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app_server.conftest import TIME_LIMIT_S, free_port


@pytest.fixture(scope="module")
def dockerfile() -> str:
    text = (Path(__file__).parents[2] / "Dockerfile").read_text(encoding="utf-8")
    return text.replace("\\\n", " ")


@pytest.fixture
def image(dockerfile, root, tmp_path):
    """The folder of the app, as the image has it."""
    app = tmp_path / "app"
    app.mkdir()
    for sources, target in re.findall(r"^COPY (?!--from)(.+) (/app\S*)$", dockerfile, re.MULTILINE):
        for source in sources.split():
            if (root / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / source, tmp_path / target.lstrip("/"), ignore=ignored)
            else:
                shutil.copy(root / source, app)
    return app


def command(dockerfile: str, instruction: str) -> list[str]:
    """Read a command in its JSON form, to be run by this test's interpreter."""
    found = re.findall(rf"^{instruction}\b.*?(\[.*\])$", dockerfile, re.MULTILINE)
    name, *arguments = json.loads(found[-1])
    return [str(Path(sys.executable).with_name(name)), *arguments]


def test_what_is_in_the_image_is_enough_to_upgrade_serve_and_be_healthy(
    start, image, dockerfile, worker_url
):
    settings = dict(re.findall(r"\b(APP_ENV|HOST|PYTHONPATH)=(\S+)", dockerfile))
    assert settings == {
        "APP_ENV": "production",
        "HOST": "0.0.0.0",  # noqa: S104  in a container
        "PYTHONPATH": "/app/packages",
    }
    settings |= {"HOST": "127.0.0.1", "AUTH": "on"}
    settings["PYTHONPATH"] = str(image / "packages")
    settings["PORT"] = str(free_port())
    environment = {
        **os.environ,
        **settings,
        "DATABASE_URL": worker_url.render_as_string(hide_password=False),
    }

    def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments, cwd=image, env=environment, capture_output=True, text=True, check=False
        )

    is_healthy = command(dockerfile, "HEALTHCHECK")
    before = run(is_healthy)
    assert (before.returncode, before.stderr[:6]) == (1, "Error:")
    flask = str(Path(sys.executable).with_name("flask"))
    upgraded = run([flask, "db", "upgrade"])
    assert upgraded.returncode == 0, upgraded.stderr
    server = start(command=command(dockerfile, "CMD"), folder=image, **settings)
    server.port = int(settings["PORT"])
    server.await_ready()
    healthy = run(is_healthy)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert server.stop() == 0
    assert server.process.wait(TIME_LIMIT_S) == 0
    # In production its log is JSON, line by line.
    lines = server.said.splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    assert {json.loads(line)["level"] for line in lines} == {"info"}


def test_it_runs_as_nobody_in_particular_and_takes_only_what_is_locked(dockerfile):
    last_stage = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last_stage, re.MULTILINE)
    assert "--require-hashes" in dockerfile
    assert "python:3.13-slim" in last_stage.splitlines()[0]
    assert not re.search(r"password|secret|token|_KEY", dockerfile, re.IGNORECASE)


def test_only_what_is_copied_gets_to_the_builder(dockerfile, root):
    allowed = {
        line[1:]
        for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == allowed
