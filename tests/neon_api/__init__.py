"""A stand-in for Neon's API v2, made from Neon's contract: a real HTTP server that can go wrong.

What is sent to it and what it answers is held against the contract (contract.py); its branches
follow the rules of branches.py. What a branch leads to is up to the test: `provide(branch id)`
returns the URL of a database, `discard(branch id)` ends it; `schemas` has what is compared.
"""

import re
import threading
from collections.abc import Callable
from difflib import unified_diff
from typing import Any

from sqlalchemy import make_url

from tests.neon_api import answers
from tests.neon_api.answers import ORGANIZATION, PROJECT, Reply, operation_id, problem
from tests.neon_api.branches import PARENT, Branches, RefusedError
from tests.neon_api.server import ApiServer, Call, Fault

__all__ = [
    "KEY",
    "ORGANIZATION",
    "PARENT",
    "PROJECT",
    "Call",
    "FakeNeon",
    "Fault",
    "operation_id",
]

KEY = "napi_test_key_of_the_fake"
_MAKES = {"create_branch", "create_timeline"}


class FakeNeon(ApiServer):
    """A project with a default branch, and those that clients make."""

    def __init__(
        self,
        provide: Callable[[str], str] = lambda _: "postgresql://role:pw@ep-a.local/trips",
        discard: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._provide = provide
        self.rules = Branches(discard)
        self.branches = self.rules.there
        self.schemas = self.rules.schemas
        self.without_compute = self.rules.without_compute
        self.with_read_replica: set[str] = set()
        self.databases = {"trips": "role"}
        self.databases_of: dict[str, dict[str, str]] = {}
        """Those of branches that have others."""
        self.roles = {"reader"}
        """Roles that own no database."""
        self.projects = [answers.listed_project()]
        self.shared: list[dict[str, Any]] = []
        self.unavailable: list[str] = []
        """Ids of projects that could not be looked at in time."""
        self.kind_of_key = "organization"
        """`organization`, `personal` or `project`."""
        self.plan = "launch_v3"
        """Its name; without one, the answer about the project doesn't tell of its owner."""
        self.history_s = 86400
        self.operations: dict[str, dict[str, Any]] = {}
        self._polls: dict[str, int] = {}
        self.polls_until_done = 2
        self.outcomes: dict[str, str] = {}
        """How the operations of an action end, where not `finished`."""
        self.page_size = 10000
        """How long a page is at most, whatever is asked for."""
        self.repeats_cursor = False
        """The last page leads to itself."""
        self.created = threading.Event()

    def add(self, name: str, parent: str | None = PARENT, **values: Any) -> dict[str, Any]:
        """Add a branch that has been there for a while; returns it, for a test to look at."""
        added = self.rules.add(name, parent)
        self.schemas.setdefault(added["id"], self.schemas[PARENT])
        added |= {"current_state": "ready", **values}
        if "expires_at" in values:
            added.setdefault("ttl_interval_seconds", 86400)
        return added

    def hold(self, url: str) -> None:
        """Have the database of a URL on each branch, and no other."""
        database = make_url(url)
        self.databases = {str(database.database): str(database.username)}

    def forget_history(self) -> None:
        """Let the time pass for which Neon keeps what branches were."""
        self.rules.past.clear()

    def restores(self) -> list[Any]:
        """The bodies of all restores that were asked for, in order."""
        return [call.body for call in self.called("POST", "/restore$")]

    def named(self, name: str) -> dict[str, Any] | None:
        """The branch of a name, if there is one."""
        return self.rules.named(name)

    def made(self) -> list[dict[str, Any]]:
        """The branches that are there besides the default one."""
        return [branch for branch in self.branches.values() if branch["id"] != PARENT]

    def answer(self, call: Call, ids: dict[str, str]) -> Reply:
        if call.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "authentication failed")
        path = call.path.removeprefix("/api/v2")
        if "project_id" not in ids:
            return self._of_account(path, call.query)
        if ids["project_id"] != PROJECT:
            return problem(404, "project not found")
        branch_id = ids.get("branch_id")
        if branch_id and branch_id not in self.branches:
            return (204, None) if call.method == "DELETE" else problem(404, "branch not found")
        what = re.sub(r".*/", "", path)
        if what in ids.values():
            what = "operation" if "operation_id" in ids else "branch" if branch_id else "project"
        try:
            return getattr(self, f"_{call.method.lower()}_{what}")(call, **ids)
        except RefusedError as refused:
            return problem(refused.status, refused.message, refused.code)

    def _of_account(self, path: str, query: dict[str, str]) -> Reply:
        if self.kind_of_key == "project":
            return problem(403, "not allowed with a project-scoped API key")
        if path == "/users/me/organizations":
            if self.kind_of_key == "organization":
                return problem(403, "not allowed with an organization API key")
            return 200, {"organizations": [answers.organization()]}
        if path == "/projects/shared":
            return self._projects(self.shared, query)
        if self.kind_of_key == "personal" and "org_id" not in query:
            message = "org_id is required, you can find it on your organization settings page"
            return problem(400, message)
        status, body = self._projects(self.projects, query)
        also: dict[str, Any] = {"applications": {}, "integrations": {}}
        if self.unavailable:
            also["unavailable_project_ids"] = self.unavailable
        return status, {**(body or {}), **also}

    def _projects(self, projects: list[Any], query: dict[str, str]) -> Reply:
        page, after = self._page(projects, query, 10)
        # There is a cursor as long as there was something; the page after the last is empty.
        return 200, {"projects": page, **({"pagination": {"cursor": after}} if page else {})}

    def _page(self, found: list[Any], query: dict[str, str], usual: int) -> tuple[list[Any], str]:
        start = int(query.get("cursor", "0"))
        end = start + min(self.page_size, int(query.get("limit", usual)))
        after = start if self.repeats_cursor and end >= len(found) else end
        return found[start:end], str(after)

    def _get_project(self, _call: Call, project_id: str) -> Reply:
        listed = next((one for one in self.projects if one["id"] == project_id), None)
        whole = answers.whole_project(
            listed or answers.listed_project(), self.plan, self.rules.limit, self.history_s
        )
        return 200, {"project": whole}

    def _get_branches(self, call: Call, **_: str) -> Reply:
        search = call.query.get("search", "")
        also = self.rules.deleted if call.query.get("include_deleted") == "true" else {}
        found = [
            branch
            for branch in [*self.branches.values(), *also.values()]
            if search in branch["name"] or search in branch["id"]
        ]
        page, after = self._page(found, call.query, 10000)
        is_last = int(after) >= len(found) and not self.repeats_cursor
        pagination = {} if is_last else {"next": after}
        return 200, {"branches": page, "annotations": {}, "pagination": pagination}

    def _get_branch(self, _call: Call, branch_id: str, **_: str) -> Reply:
        annotation = {"object": {"type": "console/branch", "id": branch_id}, "value": {}}
        return 200, {"branch": self.branches[branch_id], "annotation": annotation}

    def _post_branches(self, call: Call, **_: str) -> Reply:
        computes = call.body.get("endpoints", [])
        made = self.rules.create(call.body["branch"], compute=bool(computes))
        identity = made["id"]
        operations = [self.start(identity, "create_branch")]
        if computes:
            self.rules.uris[identity] = self._provide(identity)
            operations.append(self.start(identity, "start_compute"))
        self.created.set()
        return 201, {
            "branch": made,
            "operations": operations,
            "endpoints": [answers.endpoint(identity) for _ in computes],
            "databases": self._databases(identity),
            "roles": self._roles(identity),
        }

    def _patch_branch(self, call: Call, branch_id: str, **_: str) -> Reply:
        changed = self.rules.change(branch_id, call.body["branch"])
        return 200, {"branch": changed, "operations": []}

    def _delete_branch(self, call: Call, branch_id: str, **_: str) -> Reply:
        gone = self.rules.delete(branch_id, hard=call.query.get("hard_delete") == "true")
        actions = ("suspend_compute", "delete_timeline")
        return 200, {
            "branch": gone,
            "operations": [self.start(branch_id, action) for action in actions],
        }

    def _post_restore(self, call: Call, branch_id: str, **_: str) -> Reply:
        restored = self.rules.restore(branch_id, call.body)
        actions = ("create_timeline", "apply_config")
        return 200, {
            "branch": restored,
            "operations": [self.start(branch_id, action) for action in actions],
        }

    def _get_compare_schema(self, call: Call, branch_id: str, **_: str) -> Reply:
        base, database = call.query["base_branch_id"], call.query["db_name"]
        if base not in self.branches or any(
            database not in self._held(one) for one in (base, branch_id)
        ):
            return problem(404, "branch or database not found")
        before, after = (self.schemas[item].splitlines(keepends=True) for item in (base, branch_id))
        diff = unified_diff(before, after, f"a/{database}", f"b/{database}")
        return 200, {"diff": "".join(diff)}

    def _get_databases(self, _call: Call, branch_id: str, **_: str) -> Reply:
        return 200, {"databases": self._databases(branch_id)}

    def _databases(self, branch_id: str) -> list[Any]:
        return [
            answers.database(number, branch_id, name, owner)
            for number, (name, owner) in enumerate(self._held(branch_id).items(), 1)
        ]

    def _held(self, branch_id: str) -> dict[str, str]:
        return self.databases_of.get(branch_id, self.databases)

    def _get_roles(self, _call: Call, branch_id: str, **_: str) -> Reply:
        return 200, {"roles": self._roles(branch_id)}

    def _roles(self, branch_id: str) -> list[Any]:
        names = sorted({*self._held(branch_id).values(), *self.roles})
        return [answers.role(branch_id, name) for name in names]

    def _get_endpoints(self, _call: Call, branch_id: str, **_: str) -> Reply:
        found = [] if branch_id in self.without_compute else [answers.endpoint(branch_id)]
        if branch_id in self.with_read_replica:
            found.append(answers.endpoint(branch_id) | {"type": "read_only"})
        return 200, {"endpoints": found}

    def _get_operations(self, call: Call, **_: str) -> Reply:
        page, after = self._page(list(reversed(self.operations.values())), call.query, 1000)
        return 200, {"operations": page, **({"pagination": {"cursor": after}} if page else {})}

    def _get_operation(self, _call: Call, operation_id: str, **_: str) -> Reply:
        operation = self.operations[operation_id]
        self._polls[operation_id] += 1
        if self._polls[operation_id] > self.polls_until_done and operation["status"] == "running":
            operation["status"] = self.outcomes.get(operation["action"], "finished")
            if operation["status"] != "finished":
                operation |= {"failures_count": 1, "error": "no capacity left"}
                self._cancel_after(operation)
            elif operation["branch_id"] in self.branches and operation["action"] in _MAKES:
                self.branches[operation["branch_id"]]["current_state"] = "ready"
        return 200, {"operation": operation}

    def _cancel_after(self, failed: dict[str, Any]) -> None:
        """Cancel what waits for an operation that failed (neither contract nor pages tell)."""
        for operation in self.operations.values():
            waits = operation["branch_id"] == failed["branch_id"] and operation["id"] > failed["id"]
            if waits and operation["status"] == "running":
                operation["status"] = "cancelled"

    def _get_connection_uri(self, call: Call, **_: str) -> Reply:
        branch_id = call.query.get("branch_id", PARENT)
        if branch_id not in self.branches or branch_id in self.without_compute:
            return problem(404, "endpoint not found")
        if call.query["database_name"] not in self._held(branch_id):
            return problem(404, "database not found")
        if call.query["role_name"] not in [role["name"] for role in self._roles(branch_id)]:
            return problem(404, "role not found")
        uri = self.rules.uris.setdefault(branch_id, "") or self._provide(branch_id)
        self.rules.uris[branch_id] = uri
        if call.query.get("pooled") == "true":
            uri = re.sub(r"@(ep-[\w-]+)", r"@\1-pooler", uri)
        return 200, {"uri": uri}

    def start(self, branch_id: str, action: str) -> dict[str, Any]:
        started = answers.operation(len(self.operations) + 1, branch_id, action)
        self.operations[started["id"]] = started
        self._polls[started["id"]] = 0
        return started
