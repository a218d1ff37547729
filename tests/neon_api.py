"""A stand-in for Neon's API v2: a real HTTP server with branches, asynchronous operations, faults.

Its shapes are those of the published reference (api-docs.neon.tech), and so is what it refuses:
branches of branches that expire, and deleting, expiring or, without a name for what it was,
restoring one that has children. A restored branch becomes a child of its source; its children
become those of the preserved one. What a branch leads to is up to the test: `provide(branch id)`
returns a URL of a database, `discard(branch id)` ends it; `schemas` has what is compared.
"""

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import unified_diff
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

KEY = "napi_test_key_of_the_fake"
PROJECT = "quiet-river-123456"
PARENT = "br-main-000001"
ORGANIZATION = "org-still-hill-1234"

Reply = tuple[int, dict[str, Any] | None]


@dataclass
class Fault:
    """What goes wrong with a call: an HTTP status, or what happens to the connection.

    `lost` does the work and hangs up, `silent` never answers.
    """

    method: str
    path: str
    kind: int | str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str | None


class FakeNeon:
    """A project with a default branch, and those that clients make."""

    def __init__(
        self,
        provide: Callable[[str], str] = lambda _: "postgresql://role:pw@ep-a.local/trips",
        discard: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._provide = provide
        self._discard = discard
        self._lock = threading.RLock()
        self._count = 0
        self.branches: dict[str, dict[str, Any]] = {
            PARENT: _branch(
                PARENT, "main", default=True, current_state="ready", logical_size=31457280
            )
        }
        self.schemas: dict[str, str] = {PARENT: "CREATE TABLE users ();\n"}
        self.databases = {"trips": "role"}
        self.without_compute: set[str] = set()
        self.projects = [
            {
                "id": PROJECT,
                "name": "trip-planner",
                "region_id": "aws-eu-central-1",
                "pg_version": 18,
                "org_id": ORGANIZATION,
            }
        ]
        self.is_key_of_a_person = False
        self.operations: dict[str, dict[str, Any]] = {}
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.polls_until_done = 2
        self.outcomes: dict[str, str] = {}
        """How the operations of an action end, where not `finished`."""
        self.page_size = 100
        self.says = "made to fail"
        """What the answers of `fail` say."""
        self.ended = threading.Event()
        self.created = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/v2"

    def fail(self, method: str, path: str, *kinds: int | str, **headers: str) -> None:
        """Let the next calls of a method and path (a regular expression) go wrong, in order."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults += [Fault(method, path, kind, named) for kind in kinds]

    def add(self, name: str, parent: str = PARENT, **values: Any) -> dict[str, Any]:
        """Add a branch that has been there for a while; returns it, for a test to look at."""
        branch = self._add(name, parent) | {"current_state": "ready", **values}
        self.branches[branch["id"]] = branch
        self.schemas[branch["id"]] = self.schemas[parent]
        return branch

    def named(self, name: str) -> dict[str, Any] | None:
        """The branch of a name, if there is one."""
        return next((item for item in self.branches.values() if item["name"] == name), None)

    def made(self) -> list[dict[str, Any]]:
        """The branches that are there besides the default one."""
        return [branch for branch in self.branches.values() if branch["id"] != PARENT]

    def called(self, method: str, path: str) -> list[Call]:
        """The calls of a method and path, in order."""
        return [call for call in self.calls if call.method == method and re.search(path, call.path)]

    def reply(self, call: Call) -> Reply:
        with self._lock:
            if call.authorization != f"Bearer {KEY}":
                return _problem(401, "authentication failed")
            path = call.path.removeprefix("/api/v2")
            if path == "/projects":
                return self._list_projects(call)
            if path == "/users/me/organizations":
                return 200, {"organizations": [{"id": ORGANIZATION, "name": "trips"}]}
            inside = re.fullmatch(rf"/projects/{PROJECT}/(\w+)(?:/([\w-]+))?(?:/(\w+))?", path)
            if not inside:
                return _problem(404, "project not found")
            what, name, more = inside.groups()
            if what == "branches" and name and name not in self.branches:
                return (204, None) if call.method == "DELETE" else _problem(404, "branch not found")
            handle = getattr(self, f"_{call.method.lower()}_{more or what}")
            return handle(call, name)

    def _list_projects(self, call: Call) -> Reply:
        if self.is_key_of_a_person and "org_id" not in call.query:
            return _problem(
                400, "org_id is required, you can find it on your organization settings"
            )
        start = int(call.query.get("cursor", "0"))
        end = start + int(call.query.get("limit", "10"))
        found = self.projects[start:end]
        return 200, {"projects": found, "pagination": {"cursor": str(end)} if found else {}}

    def _post_branches(self, call: Call, _name: str | None) -> Reply:
        asked = call.body["branch"]
        parent = asked.get("parent_id", PARENT)
        if refused := self._refusal_of_child(asked["name"], parent):
            return refused
        branch = self._add(asked["name"], parent)
        branch |= {key: asked[key] for key in ("expires_at", "parent_lsn") if key in asked}
        self.schemas[branch["id"]] = self.schemas[parent]
        operations = [self._start(branch, "create_branch")]
        if call.body.get("endpoints"):
            branch["uri"] = self._provide(branch["id"])
            operations.append(self._start(branch, "start_compute"))
        else:
            self.without_compute.add(branch["id"])
        self.created.set()
        return 201, {"branch": _public(branch), "operations": operations, "endpoints": []}

    def _refusal_of_child(self, name: str, parent: str) -> Reply | None:
        if any(branch["name"] == name for branch in self.branches.values()):
            return _problem(409, "branch with the provided name already exists")
        if parent not in self.branches:
            return _problem(404, "branch not found")
        if self.branches[parent].get("expires_at"):
            return _problem(422, "cannot create a child of a branch that expires")
        return None

    def _add(self, name: str, parent: str | None) -> dict[str, Any]:
        self._count += 1
        identity = f"br-cool-sky-{self._count:06}"
        branch = _branch(identity, name, parent_id=parent, current_state="init")
        self.branches[branch["id"]] = branch
        return branch

    def _get_branches(self, call: Call, name: str | None) -> Reply:
        if name:
            return 200, {"branch": _public(self.branches[name])}
        search = call.query.get("search", "")
        found = [
            _public(branch)
            for branch in self.branches.values()
            if search in branch["name"] or search in branch["id"]
        ]
        start = int(call.query.get("cursor", "0"))
        end = start + min(self.page_size, int(call.query.get("limit", "10000")))
        pagination = {"next": str(end)} if end < len(found) else {}
        return 200, {"branches": found[start:end], "pagination": pagination}

    def _patch_branches(self, call: Call, name: str) -> Reply:
        branch = self.branches[name]
        changes = call.body["branch"]
        if changes.get("expires_at") and (branch["default"] or self._children(name)):
            return _problem(422, "branch can not expire")
        branch |= changes
        if branch.get("expires_at", "") is None:
            del branch["expires_at"]
        return 200, {"branch": _public(branch), "operations": []}

    def _delete_branches(self, _call: Call, name: str) -> Reply:
        branch = self.branches[name]
        if branch["default"] or branch["protected"]:
            return _problem(422, "cannot delete a default or protected branch")
        if children := self._children(name):
            return _problem(422, f"cannot delete branch that has children: {', '.join(children)}")
        del self.branches[name]
        if "uri" in branch:
            self._discard(branch["id"])
        operations = [self._start(branch, "delete_timeline")]
        return 200, {"branch": _public(branch), "operations": operations}

    def _post_restore(self, call: Call, name: str) -> Reply:
        branch, asked = self.branches[name], call.body
        source, preserved = asked["source_branch_id"], asked.get("preserve_under_name")
        is_self, is_past = source == name, {"source_lsn", "source_timestamp"} & asked.keys()
        if is_self and not is_past:
            return _problem(400, "source_timestamp or source_lsn is required")
        if not preserved and (is_self or self._children(name)):
            return _problem(422, "Branch has children, preserve_under_name is required")
        if refused := self._refusal_of_child(preserved or "\0", source):
            return refused
        schema = self.schemas[source]
        if preserved:
            kept = self._add(preserved, branch.get("parent_id"))
            for child in self._children(name):
                self.branches[child]["parent_id"] = kept["id"]
            self.schemas[kept["id"]] = self.schemas[name]
            self.without_compute.add(kept["id"])
            source = kept["id"] if is_self else source
        branch["parent_id"] = source
        self.schemas[name] = schema
        branch["last_reset_at"] = _now()
        return 200, {"branch": _public(branch), "operations": [self._start(branch, "restore")]}

    def _children(self, name: str) -> list[str]:
        return [item["id"] for item in self.branches.values() if item.get("parent_id") == name]

    def _get_compare_schema(self, call: Call, name: str) -> Reply:
        base, database = call.query["base_branch_id"], call.query["db_name"]
        if base not in self.branches or database not in self.databases:
            return _problem(404, "branch or database not found")
        before, after = (self.schemas[item].splitlines(keepends=True) for item in (base, name))
        diff = unified_diff(before, after, f"a/{database}", f"b/{database}")
        return 200, {"diff": "".join(diff)}

    def _get_databases(self, _call: Call, name: str) -> Reply:
        return 200, {
            "databases": [
                {"branch_id": name, "name": database, "owner_name": owner}
                for database, owner in self.databases.items()
            ]
        }

    def _get_endpoints(self, _call: Call, name: str) -> Reply:
        endpoint = {"id": "ep-a", "branch_id": name, "type": "read_write"}
        return 200, {"endpoints": [] if name in self.without_compute else [endpoint]}

    def _get_operations(self, _call: Call, name: str | None) -> Reply:
        if name is None:
            return 200, {"operations": list(reversed(self.operations.values()))}
        operation = self.operations[name]
        operation["polls"] += 1
        if operation["polls"] > self.polls_until_done:
            operation["status"] = self.outcomes.get(operation["action"], "finished")
            if operation["branch_id"] in self.branches:
                self.branches[operation["branch_id"]]["current_state"] = "ready"
        return 200, {"operation": operation}

    def _get_connection_uri(self, call: Call, _name: str | None) -> Reply:
        query = call.query
        if not {"database_name", "role_name"} <= query.keys():
            return _problem(400, "database_name and role_name are required")
        branch = self.branches.get(query.get("branch_id", PARENT))
        if branch is None or branch["id"] in self.without_compute:
            return _problem(404, "endpoint not found")
        if "uri" not in branch:
            branch["uri"] = self._provide(branch["id"])
        uri = branch["uri"]
        if query.get("pooled") == "true":
            uri = re.sub(r"@(ep-[\w-]+)", r"@\1-pooler", uri)
        return 200, {"uri": uri}

    def _start(self, branch: dict[str, Any], action: str) -> dict[str, Any]:
        identity = f"op-{len(self.operations) + 1:04}"
        operation = {"id": identity, "action": action, "branch_id": branch["id"], "polls": 0}
        self.operations[identity] = operation
        operation["status"] = "running"
        return operation

    def next_fault(self, call: Call) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.method == call.method and re.search(fault.path, call.path):
                    self.faults.remove(fault)
                    return fault
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                authorization = self.headers.get("Authorization")
                query = dict(parse_qsl(parts.query))
                call = Call(self.command, parts.path, query, body, authorization)
                fake.calls.append(call)
                fault = fake.next_fault(call)
                if fault is None:
                    self._send(*fake.reply(call))
                elif fault.kind == "silent":
                    fake.ended.wait()
                    self.close_connection = True
                elif fault.kind == "lost":
                    fake.reply(call)
                    self.close_connection = True
                else:
                    self._send(*_problem(int(fault.kind), fake.says), fault.headers)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815  http.server's names

            def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                # A client that was ended does not read its answer.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _problem(status: int, message: str) -> Reply:
    return status, {"request_id": "r", "code": "", "message": message}


def _branch(identity: str, name: str, **values: Any) -> dict[str, Any]:
    always = {"project_id": PROJECT, "default": False, "protected": False, "created_at": _now()}
    return {"id": identity, "name": name, **always, **values}


def _public(branch: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in branch.items() if key != "uri"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
