"""A project on Neon: making, restoring and deleting its branches, and connecting to them.

From Neon's API reference v2: "List branches", "Create branch", "Update branch", "Delete branch",
"Restore branch to a historical state", "Compare database schema", "List databases", "List compute
endpoints for a branch", "Retrieve connection URI". Resetting a branch has no call of its own: it is
restoring it to its parent's present state.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote

from service.db.neon.branches import Branch, Branches
from service.db.neon.moments import Moment, as_timestamp
from service.db.neon.operations import Operations
from service.db.neon.pages import pages
from service.db.neon.transport import Answer, MaybeDoneError, NeonTransport
from service.errors import ConfigurationError, ConflictError, ServiceError
from service.settings import Settings

_PAGE = "100"


class NeonProject:
    """A project's branches."""

    def __init__(self, transport: NeonTransport, project_id: str) -> None:
        self._transport = transport
        self._path = f"/projects/{quote(project_id, safe='')}"
        self._operations = Operations(transport, self._path)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """Take key and project from the settings; raises ConfigurationError if one is missing."""
        if not settings.neon_api_key or not settings.neon_project_id:
            message = (
                "NEON_API_KEY and NEON_PROJECT_ID are needed for a branch on Neon: set both in the "
                "environment or in .env."
            )
            raise ConfigurationError(message)
        transport = NeonTransport(settings.neon_api_url, settings.neon_api_key)
        return cls(transport, settings.neon_project_id)

    def report_to(self, progress: Callable[[str], None]) -> None:
        """Tell a function what is being waited for."""
        self._operations.progress = progress

    def create_branch(
        self,
        name: str,
        *,
        parent_id: str | None = None,
        at: Moment | None = None,
        lifetime: timedelta | None = None,
        compute: bool = True,
    ) -> Branch:
        """Make a branch, and wait until it is ready.

        The parent is the default branch if none is named, in the state that it had `at` a moment or
        has now. After `lifetime` Neon deletes the branch by itself. Without `compute` one can't
        connect to it. The name must be one that no branch has had: it is how the branch is found
        again when the answer got lost, so that there is never a second one. Raises ConflictError
        when a branch has it.
        """
        asked: dict[str, Any] = {"name": name}
        if parent_id:
            asked["parent_id"] = parent_id
        if at:
            asked |= at.fields("parent_")
        if lifetime:
            asked["expires_at"] = as_timestamp(
                (datetime.now(UTC) + lifetime).replace(microsecond=0)
            )
        body: Answer = {"branch": asked}
        if compute:
            body["endpoints"] = [{"type": "read_write"}]
        branch, operations = self._create(name, body)
        self._operations.wait(operations)
        return branch

    def _create(self, name: str, body: Answer) -> tuple[Branch, list[Answer]]:
        for is_last in (False, True):
            try:
                answer = self._transport.call("POST", f"{self._path}/branches", body=body)
                branch = Branch.of(answer["branch"])
                return branch, answer.get("operations") or self._operations.of(branch.id)
            except (MaybeDoneError, ConflictError) as error:
                # Names are unique: a second call is refused if the first was carried out only now.
                # A first call that is refused met the branch of somebody else.
                is_ours = is_last or isinstance(error, MaybeDoneError)
                found = self.find_branch(name) if is_ours else None
                if found:
                    return found, self._operations.of(found.id)
                if is_last or not is_ours:
                    raise
        raise AssertionError  # pragma: no cover

    def branches(self, *, search: str = "", deleted: bool = False) -> Iterator[Branch]:
        """List branches, page by page; `search` is a part of a name or id.

        With `deleted` those that can be brought back are among them. They come in the order of
        their creation, which what happens in between does not change.
        """
        query = {"limit": _PAGE, "sort_by": "created_at", "sort_order": "asc"}
        query |= {"search": search} if search else {}
        query |= {"include_deleted": "true"} if deleted else {}
        for page in pages(self._transport, f"{self._path}/branches", query, "branches"):
            yield from map(Branch.of, page["branches"])

    def all_branches(self, *, deleted: bool = False) -> Branches:
        """List all branches; with `deleted`, those alone that can be brought back."""
        found = self.branches(deleted=deleted)
        return Branches(item for item in found if bool(item.recoverable_until) is deleted)

    def find_branch(self, name: str) -> Branch | None:
        """Find a branch by its whole name."""
        return next((item for item in self.branches(search=name) if item.name == name), None)

    def delete_branch(self, branch_id: str) -> None:
        """Delete a branch and wait until that is done; one that is gone already is no error."""
        answer = self._transport.call("DELETE", self._branch(branch_id))
        self._operations.wait(answer.get("operations", ()))

    def keep_branch(self, branch: Branch) -> Branch:
        """Let a branch no longer expire, and wait until that is so."""
        body = {"branch": {"expires_at": None}}
        answer = self._transport.call("PATCH", self._branch(branch.id), body=body)
        self._operations.wait(answer.get("operations", ()))
        return replace(branch, expires_at=None)

    def restore_branch(
        self,
        branch: Branch,
        source: Branch,
        *,
        at: Moment | None = None,
        preserve_as: str | None = None,
    ) -> None:
        """Give a branch the state of another, or of itself at a moment, and wait until it has it.

        Its id, its compute and its URLs stay. The state before becomes a branch with the name
        `preserve_as`, which must be free: it is how one knows, when the answer got lost, that the
        call was carried out. Neon demands it of a branch that has children, which then are those
        of the preserved one, and where source and branch are the same.
        """
        body: dict[str, Any] = {"source_branch_id": source.id}
        if at:
            body |= at.fields("source_")
        if preserve_as:
            body["preserve_under_name"] = preserve_as
        self._operations.wait(self._restore(branch, body, preserve_as))

    def _restore(self, branch: Branch, body: Answer, preserve_as: str | None) -> list[Answer]:
        path = f"{self._branch(branch.id)}/restore"
        try:
            return list(self._transport.call("POST", path, body=body).get("operations", ()))
        except MaybeDoneError:
            if preserve_as and self.find_branch(preserve_as):
                return self._operations.of(branch.id, pending=True)
        try:
            # Twice is as good as once, and with `preserve_as` the second time is refused.
            return list(self._transport.call("POST", path, body=body).get("operations", ()))
        except ServiceError:
            if preserve_as and self.find_branch(preserve_as):
                return self._operations.of(branch.id, pending=True)
            raise

    def compare_schema(
        self,
        branch: Branch,
        base: Branch,
        *,
        database: str,
        at: Moment | None = None,
        base_at: Moment | None = None,
    ) -> str:
        """Return the unified diff from the schema of `base` to that of a branch; empty if equal."""
        query = {"base_branch_id": base.id, "db_name": database}
        query |= at.fields() if at else {}
        query |= base_at.fields("base_") if base_at else {}
        path = f"{self._branch(branch.id)}/compare_schema"
        return str(self._transport.call("GET", path, query=query).get("diff") or "")

    def databases(self, branch_id: str) -> dict[str, str]:
        """List the databases of a branch, each with the role that owns it."""
        answer = self._transport.call("GET", f"{self._branch(branch_id)}/databases")
        return {item["name"]: item["owner_name"] for item in answer.get("databases", ())}

    def has_compute(self, branch_id: str) -> bool:
        """Tell whether one can connect to a branch, and write there."""
        answer = self._transport.call("GET", f"{self._branch(branch_id)}/endpoints")
        return any(item.get("type") == "read_write" for item in answer.get("endpoints", ()))

    def connection_url(
        self, branch_id: str, *, database: str, role: str, pooled: bool = False
    ) -> str:
        """Return the URL of a database on a branch, with password; past the pooler by default."""
        query = {"branch_id": branch_id, "database_name": database, "role_name": role}
        answer = self._transport.call(
            "GET",
            f"{self._path}/connection_uri",
            query={**query, "pooled": "true" if pooled else "false"},
        )
        return str(answer["uri"])

    def _branch(self, branch_id: str) -> str:
        return f"{self._path}/branches/{quote(branch_id, safe='')}"
