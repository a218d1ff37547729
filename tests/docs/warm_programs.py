"""`flask` and `alembic` in a virtual environment of their own, whose libraries are loaded already.

The guides run these programs some two hundred times, and most of what they took was the import of
other people's libraries. So a process that has imported those, and nothing of the project, forks
for each run: the child gets the caller's arguments, folder, environment, stdin, stdout and stderr,
and carries out the program's own file. A signal to the caller does not reach it. `python` itself,
and what it starts, is the usual one.
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

PROGRAMS = ("alembic", "flask")
LIBRARIES = (
    "alembic.command",
    "alembic.config",
    "click",
    "dotenv",
    "flask.cli",
    "flask_smorest",
    "jiter",
    "postgast",
    "psycopg2.extras",
    "pydantic",
    "rich.progress",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlmodel",
    "urllib3",
)
_CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    said = {{"arguments": [{program!r}, *sys.argv[1:]], "folder": os.getcwd(),
            "environment": dict(os.environ)}}
    socket.send_fds(server, [b"x"], [0, 1, 2])
    server.sendall(json.dumps(said).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(16) or b"1"))
"""


@contextmanager
def warm_environment(folder: Path) -> Iterator[Path]:
    """Make a virtual environment beside the tests' own, with the same packages."""
    own = Path(sys.prefix)
    environment, address = folder / "venv", folder / "warm"
    (environment / "bin").mkdir(parents=True)
    for item in (*own.iterdir(), *(own / "bin").iterdir()):
        if item.name != "bin" and not (item.parent.name == "bin" and item.name in PROGRAMS):
            (environment / item.relative_to(own)).symlink_to(item)
    for program in PROGRAMS:
        client = environment / "bin" / program
        text = _CLIENT.format(
            python=sys.executable, address=str(address), program=str(own / "bin" / program)
        )
        client.write_text(text, encoding="utf-8")
        client.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(64)
        server = subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())], pass_fds=[listener.fileno()]
        )
    try:
        yield environment
    finally:
        server.terminate()
        server.wait()


def serve(listener: socket.socket) -> None:
    """Fork for each caller, until SIGTERM."""
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        caller, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(caller)
        caller.close()


def _attend(caller: socket.socket) -> None:
    """Run the program in a child of this process, and tell the caller how it ended."""
    _, files, _, _ = socket.recv_fds(caller, 1, 3)
    text = b"".join(iter(lambda: caller.recv(65536), b""))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        caller.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        _run(**json.loads(text))
    for file in files:
        os.close(file)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        caller.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())
    os._exit(0)


def _run(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*filter(None, path), *(item for item in sys.path if item not in path)]
    sys.argv = arguments
    code = 0
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.pop(0)  # The tests' own folder.
    serve(socket.socket(fileno=int(sys.argv[1])))
