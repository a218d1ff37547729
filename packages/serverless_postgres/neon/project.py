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

from plain_commands.errors import ConfigurationError, PlainError
from serverless_postgres.neon.branches import Branch, Branches, listed
from serverless_postgres.neon.creation import Creation
from serverless_postgres.neon.deletion import Deletion, Deletions
from serverless_postgres.neon.limits import Room
from serverless_postgres.neon.moments import Moment, as_timestamp
from serverless_postgres.neon.operations import Operations
from serverless_postgres.neon.refusals import LimitReachedError, RefusedError
from serverless_postgres.neon.transport import Answer, MaybeDoneError, NeonTransport
from serverless_postgres.settings import PostgresSettings


class NeonProject:
    """A project's branches."""

    def __init__(self, transport: NeonTransport, project_id: str) -> None:
        self._transport = transport
        self._path = f"/projects/{quote(project_id, safe='')}"
        self._operations = Operations(transport, self._path)
        self.deletions = Deletions(transport, self._path)
        self.is_unfinished = False
        """Neon has taken the last call, and what it began is not done, or not known to be."""

    @classmethod
    def configured(cls, settings: PostgresSettings) -> Self:
        """Take key and project from the settings; raises ConfigurationError if one is missing."""
        if not settings.neon_api_key or not settings.neon_project_id:
            message = "NEON_API_KEY and NEON_PROJECT_ID are needed for a branch on Neon: set both."
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
        with self.deletions.naming(name), self._explaining_limits(parent_id or ""):
            branch, operations = self._create(name, body)
        self._wait(operations)
        return branch

    def creation(self, branch: Branch) -> Creation:
        """Tell how far the making of a branch is by now."""
        operations = list(self._operations.of(branch.id))
        # After its operations: one that is not ready though they have ended never will be.
        found = self._transport.call("GET", self._branch(branch.id))["branch"]
        return Creation.of(Branch.of(found), operations)

    def go_on(self, creation: Creation) -> None:
        """Wait for the rest of the making of a branch."""
        self._wait(creation.pending)

    def _create(self, name: str, body: Answer) -> tuple[Branch, Iterable[Answer]]:
        made = self._post(f"{self._path}/branches", body, name)
        if isinstance(made, Branch):
            return made, self._operations.of(made.id)
        return Branch.of(made["branch"]), made.get("operations", ())

    def _post(self, path: str, body: Answer, name: str | None) -> Answer | Branch:
        """Have a branch of this name made by a call, and by no more than one.

        Where the answer got lost, it returns the branch if that is there, else it calls again:
        names are unique, so Neon refuses it if the first call is carried out only now. Without a
        name, twice must be as good as once.
        """
        self.is_unfinished = False
        try:
            return self._transport.call("POST", path, body=body)
        except MaybeDoneError as error:
            if found := self._find_after(error, name):
                return found
        try:
            return self._transport.call("POST", path, body=body)
        except PlainError as error:
            if found := self._find_after(error, name):
                return found
            if isinstance(error, RefusedError):
                # Of the first call it is not known that nothing has happened.
                raise MaybeDoneError(error.detail) from error
            raise

    def _find_after(self, error: PlainError, name: str | None) -> Branch | None:
        """Find what a call has made; if Neon doesn't tell, it may have made it."""
        try:
            return self.find_branch(name) if name else None
        except PlainError as silence:
            raise MaybeDoneError(error.detail) from silence

    def branches(self, *, search: str = "", deleted: bool = False) -> Iterator[Branch]:
        """List branches, page by page; `search` is a part of a name or id.

        With `deleted` those that can be brought back are among them.
        """
        return listed(self._transport, self._path, search=search, deleted=deleted)

    def all_branches(self, *, deleted: bool = False) -> Branches:
        """List all branches; with `deleted`, those alone that can be brought back."""
        found = self.branches(deleted=deleted)
        return Branches(item for item in found if bool(item.recoverable_until) is deleted)

    def room(self, branches: Branches | None = None) -> Room:
        """Count the branches against what the plan has; what Neon doesn't tell is left open."""
        found = self.all_branches() if branches is None else branches
        try:
            answer = self._transport.call("GET", self._path)
        except PlainError:
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
            except PlainError:
                raise error from None
            raise room.explained(error, *spared) from None

    def find_branch(self, name: str) -> Branch | None:
        """Find a branch by its whole name."""
        return next((item for item in self.branches(search=name) if item.name == name), None)

    def delete_branch(self, branch_id: str, *, for_good: bool = False) -> Deletion:
        """Delete a branch and wait until that is done; one that is gone already is no error.

        Not `for_good`, or where Neon doesn't do that, it may be kept for a while: see `deletions`.
        """
        deletion, operations = self.deletions.delete(branch_id, for_good=for_good)
        self._wait(operations)
        return deletion

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
        with self.deletions.naming(preserve_as), self._explaining_limits(branch.id, source.id):
            operations = self._restore(branch, body, preserve_as)
        self._wait(operations)

    def _restore(self, branch: Branch, body: Answer, preserve_as: str | None) -> Iterable[Answer]:
        done = self._post(f"{self._branch(branch.id)}/restore", body, preserve_as)
        if isinstance(done, Branch):
            return self._operations.of(branch.id, pending=True)
        operations: Iterable[Answer] = done.get("operations", ())
        return operations

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
