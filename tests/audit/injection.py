"""sqlmap at level 3 on what a client can send, and on a control that it must break.

sqlmap comes from the system (`apt install sqlmap`); PyPI has none that is kept.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests

from .service import Audited
from .vulnerable import vulnerable

TIME_LIMIT_S = 900
"""For one target; a target that takes longer counts as not examined."""

OPTIONS = (
    *("--batch", "--ignore-stdin", "--disable-coloring", "--flush-session"),
    *("--level", "3", "--risk", "1", "--technique", "BEUST", "--dbms", "postgresql"),
)

# `*` is where sqlmap puts what it tries, {workflow} the id of a workflow.
TARGETS = {
    "filters of users": ["/v1/users?username=a*&email=a*&legacy_id=a*&q=a*"],
    "pages": ["/v1/users?sort=created_at*&cursor=a*&fields=id*&limit=5*"],
    "filters of workflows": ["/v1/workflows?session_id=a*&node_name=a*&model=a*&tag=a*&q=a*"],
    "filters of generations": ["/v1/generations?provider=a*&model=a*&q=a*&started_after=2026*"],
    "ids in paths": ["/v1/workflows/{workflow}*/timeline"],
    "ids in queries": ["/v1/generations?node_id={workflow}*&user_id={workflow}*&has_error=true*"],
    "names in paths": ["/v1/users/by-username/a*", "--method", "PUT"],
    "bodies": [
        "/v1/users",
        *("--method", "POST", "--headers", "Content-Type: application/json"),
        *("--data", '{"username": "a*", "email": "a@b*", "locale": "ko*"}'),
    ],
    "headers": [
        "/v1/users",
        *("--method", "POST", "--data", "{}"),
        *("--headers", "Content-Type: application/json\nIdempotency-Key: a*\nX-Request-ID: a*"),
    ],
}


def run(service: Audited) -> bool:
    """Tell whether sqlmap breaks the control and nothing else; what it finds is printed."""
    if shutil.which("sqlmap") is None:
        sys.stderr.write("sqlmap is missing: apt install sqlmap\n")
        return False
    workflow_id = _make_workflow(service.url)
    with _control(service.database_url) as url:
        is_awake = bool(_attack([f"{url}/?q=contr*"])[0])
    sys.stdout.write(f"The control {'is broken, as it must be' if is_awake else 'holds'}.\n")
    is_safe = True
    for name, (path, *options) in TARGETS.items():
        found, tried = _attack([service.url + path.replace("{workflow}", workflow_id), *options])
        sys.stdout.write(f"{name}: {found or 'nothing'}, in {tried} requests\n")
        sys.stdout.flush()
        is_safe = is_safe and not found
    return is_awake and is_safe


def _make_workflow(url: str) -> str:
    """Make a user whose name the control finds, and a workflow; return its id."""
    user = requests.put(f"{url}/v1/users/by-username/control", timeout=30)
    wish = {"user_id": user.json()["id"], "user_input": "x"}
    made = requests.post(f"{url}/v1/workflows", json=wish, timeout=30)
    workflow_id: str = made.json()["id"]
    return workflow_id


def _attack(target: list[str]) -> tuple[str, int]:
    """Get what sqlmap writes down of weaknesses, and how many requests it took.

    When it does not get through, that is what it found, too.
    """
    with TemporaryDirectory() as folder:
        traffic = Path(folder) / "traffic"
        result = subprocess.run(
            ["sqlmap", "-u", *target, *OPTIONS, "--output-dir", folder, "-t", traffic],  # noqa: S607  the system's
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT_S,
        )
        (log,) = Path(folder).glob("*/log")
        found = log.read_text()
        # Its last words when all parameters were tried in vain.
        if not found and "do not appear to be injectable" not in result.stdout:
            found = result.stdout
        return found, traffic.read_text(errors="replace").count("HTTP request [#")


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave requests unmentioned."""


@contextmanager
def _control(database_url: str) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, vulnerable(database_url), handler_class=_Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
