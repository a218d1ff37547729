"""What the README shows is carried out, and answers as it says."""

import re
import subprocess
from pathlib import Path

import app_server
from tests.app_server.conftest import await_that

README = (Path(app_server.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_example_answers_as_it_is_shown(serve):
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (console,) = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    server = serve(program.replace("8000", "PORT"))
    await_that(lambda: "Serving on" in server.said or server.process.poll() is not None)
    for shown in console.split("$ ")[1:]:
        command, _, output = shown.partition("\n")
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                command.replace("8000", str(server.port)).replace("curl ", "curl -s "),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert sorted(done.stdout.strip().splitlines()) == sorted(output.strip().splitlines())
    assert server.stop() == 0


def test_all_of_the_face_is_listed_and_told_of():
    for name in app_server.__all__:
        assert f"`{name}" in README, name
        assert getattr(app_server, name).__doc__, name
