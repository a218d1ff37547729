"""A project on Neon: making, restoring and deleting its branches, and connecting to them.

From Neon's API reference v2: "Retrieve project details", "List branches", "Create branch", "Update
branch", "Delete branch", "Restore branch to a historical state", "Compare database schema", "List
databases", "List roles", "List compute endpoints for a branch", "Retrieve connection URI".
Resetting a branch has no call of its own: it is restoring it to its parent's present state.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote

from service.db.neon.branches import Branch, Branches
from service.db.neon.creation import Creation
from service.db.neon.deletion import Deletion, Deletions, Kept
from service.db.neon.limits import LimitReachedError, Room
from service.db.neon.moments import Moment, as_timestamp
from service.db.neon.operations import Operations
from service.db.neon.pages import pages
from service.db.neon.transport import Answer, MaybeDoneError, NeonTransport, RefusedError
from service.errors import ConfigurationError, ConflictError, ServiceError
from service.settings import Settings

_PAGE = "100"


class NeonProject:
    """A project's branches."""

    def __init__(self, transport: NeonTransport, project_id: str) -> None:
        self._transport = transport
        self._path = f"/projects/{quote(project_id, safe='')}"
        self._operations = Operations(transport, self._path)
        self._deletions = Deletions(transport, self._path)
        self.is_unfinished = False
        """Neon has taken the last call, and what it began is not done, or not known to be."""

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
        when a branch has it, also a deleted one, and LimitReachedError when the plan has no room
        for another. An error while it `is_unfinished` leaves a branch.
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
        with self._deletions.naming(name), self._explaining_limits(parent_id or ""):
            branch, operations = self._create(name, body)
        self._wait(operations)
        return branch

    def creation(self, branch: Branch) -> Creation:
        """Tell how far the making of a branch is by now."""
        operations = self._operations.of(branch.id)
        # After its operations: one that is not ready though they have ended never will be.
        found = self._transport.call("GET", self._branch(branch.id))["branch"]
        return Creation.of(Branch.of(found), operations)

    def go_on(self, creation: Creation) -> None:
        """Wait for the rest of the making of a branch."""
        self._wait(creation.pending)

    def is_of(self, branch: Branch, at: Moment) -> bool:
        """Tell whether a branch was made from its parent's state of a moment."""
        found = self._transport.call("GET", self._branch(branch.id))["branch"]
        return all(found.get(name) == value for name, value in at.fields("parent_").items())

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

    def room(self, branches: Branches | None = None) -> Room:
        """Count the branches against what the plan has; what Neon doesn't tell is left open."""
        found = self.all_branches() if branches is None else branches
        try:
            answer = self._transport.call("GET", self._path)
        except ServiceError:
            # The key may not be for that; whether there is room then shows when it is needed.
            answer = {}
        return Room.of(found, answer.get("project") or {})

    @contextmanager
    def _explaining_limits(self, *spared: str) -> Iterator[None]:
        try:
            yield
        except LimitReachedError as error:
            try:
                room = self.room()
            except ServiceError:
                raise error from None
            raise room.explained(error, *spared) from None

    def find_branch(self, name: str) -> Branch | None:
        """Find a branch by its whole name."""
        return next((item for item in self.branches(search=name) if item.name == name), None)

    def delete_branch(self, branch_id: str, *, for_good: bool = False) -> Deletion:
        """Delete a branch and wait until that is done; one that is gone already is no error.

        Not `for_good`, or where Neon doesn't do that, it may be kept for a while: see `lingering`.
        """
        deletion, operations = self._deletions.delete(branch_id, for_good=for_good)
        self._wait(operations)
        return deletion

    def kept(self, name_or_id: str) -> Kept | None:
        """Find a deleted branch; raises ConfigurationError where Neon doesn't tell of them."""
        return self._deletions.kept(name_or_id)

    def lingering(self, branch_id: str) -> tuple[str | None, str]:
        """Tell until when Neon keeps a deleted branch, as far as it says so, and in a sentence."""
        return self._deletions.lingering(branch_id)

    def keep_branch(self, branch: Branch) -> Branch:
        """Let a branch no longer expire, and wait until that is so."""
        body = {"branch": {"expires_at": None}}
        answer = self._transport.call("PATCH", self._branch(branch.id), body=body)
        self._wait(answer.get("operations", ()))
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
        of the preserved one, and where source and branch are the same. Raises RefusedError when
        Neon does not do it and nothing has happened.
        """
        body: dict[str, Any] = {"source_branch_id": source.id}
        if at:
            body |= at.fields("source_")
        if preserve_as:
            body["preserve_under_name"] = preserve_as
        with self._deletions.naming(preserve_as), self._explaining_limits(branch.id, source.id):
            operations = self._restore(branch, body, preserve_as)
        self._wait(operations)

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
        except ServiceError as error:
            if preserve_as and self.find_branch(preserve_as):
                return self._operations.of(branch.id, pending=True)
            if isinstance(error, RefusedError):
                # Of the first call it is not known that nothing has happened.
                raise MaybeDoneError(error.detail) from error
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

    def roles(self, branch_id: str) -> list[str]:
        """List the roles of a branch."""
        answer = self._transport.call("GET", f"{self._branch(branch_id)}/roles")
        return [item["name"] for item in answer.get("roles", ())]

    def lack(self, branch: Branch, *, database: str, role: str | None = None) -> str:
        """Say which of these a branch doesn't have; empty if it has them."""
        databases = self.databases(branch.id)
        if database not in databases:
            return f"Branch {branch.name} has no database {database!r}; it has {_list(databases)}"
        if role and role not in databases.values() and role not in (roles := self.roles(branch.id)):
            return f"Branch {branch.name} has no role {role!r}; it has {_list(roles)}"
        return ""

    def has_compute(self, branch_id: str) -> bool:
        """Tell whether one can connect to a branch, and write there."""
        return "read_write" in self.computes(branch_id)

    def computes(self, branch_id: str) -> list[str]:
        """List the computes of a branch by what they are for: `read_write` or `read_only`."""
        answer = self._transport.call("GET", f"{self._branch(branch_id)}/endpoints")
        return [str(item.get("type")) for item in answer.get("endpoints", ())]

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

    def _wait(self, operations: Iterable[Answer]) -> None:
        self.is_unfinished = True
        self._operations.wait(operations)
        self.is_unfinished = False


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
