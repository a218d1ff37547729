"""The branches of the stand-in's project, and what Neon allows with them.

Where the rules come from:

- contract: `contract.json`, and what the operations' descriptions there say in words;
- pages: Neon's manual, "Instant restore" and "Reset from parent" (2026-09-24), "Branch expiration"
  (2026-07-15), "Protected branches" (2026-01-15), "Manage branches" and "Plans" (2026-03-20);
- seen: texts of errors as people quote them ("branches limit exceeded", "root branches limit
  exceeded").

Texts of other refusals are made up here. What neither contract nor pages settle is a switch:
`takes_child_branches`, and `limit_is_hard` (which of a paid plan's limits is `branches_limit`?).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.neon_api.answers import branch, now

PARENT = "br-main-000001"
_RECOVERABLE = timedelta(days=7)


class RefusedError(Exception):
    """Neon does not do it: a status, a message, a code."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class Branches:
    """Branches that are there and those that are deleted, the state of each, its past states."""

    def __init__(self, discard: Callable[[str], None]) -> None:
        self.discard = discard
        self._count = 0
        self.there: dict[str, dict[str, Any]] = {
            PARENT: branch(PARENT, "main", default=True, logical_size=31457280)
        }
        self.deleted: dict[str, dict[str, Any]] = {}
        """Soft-deleted ones: their names stay taken."""
        self.uris: dict[str, str] = {}
        self.schemas: dict[str, str] = {PARENT: "CREATE TABLE users ();\n"}
        self.past: dict[tuple[str, str], str] = {}
        """Schemas of before, by branch id and moment (an LSN, a time as it is asked for)."""
        self.without_compute: set[str] = set()
        self.undeletable: set[str] = set()
        """Roots of before a restore from another branch (page: they can't be deleted)."""
        self.limit = 10
        self.limit_is_hard = True
        """Beyond it, branches are refused; else they are billed (page: on plans that are paid)."""
        self.root_limit = 5
        self.recovers = True
        """Deletions are soft unless `hard_delete`.

        Contract: not for all users yet; those who write Neon's manual, of 2026-09-01: not there
        yet at all (neondatabase/website, 5682).
        """
        self.takes_child_branches = True
        """A restore to the head takes part with child branches (contract; the page: roots only)."""

    def named(self, name: str) -> dict[str, Any] | None:
        return next((item for item in self.there.values() if item["name"] == name), None)

    def children(self, identity: str) -> list[dict[str, Any]]:
        return [item for item in self.there.values() if item.get("parent_id") == identity]

    def add(self, name: str, parent: str | None) -> dict[str, Any]:
        """Add a branch with the state that its parent has now."""
        self._count += 1
        identity = f"br-cool-sky-{self._count:06}"
        made = branch(identity, name, current_state="init")
        self.there[identity] = made
        if parent:
            lsn = f"0/{0x1DE2850 + self._count:X}"
            made |= {"parent_id": parent, "parent_lsn": lsn, "parent_timestamp": now()}
            self.schemas[identity] = self.past[parent, lsn] = self.schemas[parent]
        return made

    def create(self, asked: dict[str, Any], *, compute: bool) -> dict[str, Any]:
        parent = asked.get("parent_id") or PARENT
        if parent not in self.there:
            raise RefusedError(404, "branch not found")
        if self.there[parent].get("expires_at"):
            raise RefusedError(422, "cannot create a child of a branch that expires")
        self._refuse_taken(asked["name"])
        self._refuse_more(roots=0)
        made = self.add(asked["name"], parent)
        for moment in ("parent_lsn", "parent_timestamp"):
            if moment in asked:
                made[moment] = asked[moment]
                state = self._state_of(parent, asked[moment])
                self.schemas[made["id"]] = state
        if "expires_at" in asked:
            self._expire(made, asked["expires_at"])
        if not compute:
            self.without_compute.add(made["id"])
        return made

    def change(self, identity: str, changes: dict[str, Any]) -> dict[str, Any]:
        found = self.there[identity]
        expires = changes.get("expires_at")
        if expires and (found["default"] or found["protected"] or self.children(identity)):
            raise RefusedError(422, "branch can not expire")
        if "expires_at" in changes:
            self._expire(found, expires)
        found |= {name: value for name, value in changes.items() if name != "expires_at"}
        return found

    def delete(self, identity: str, *, hard: bool) -> dict[str, Any]:
        found = self.there[identity]
        if found["default"] or found["protected"]:
            raise RefusedError(422, "cannot delete a default or protected branch")
        if children := self.children(identity):
            names = ", ".join(child["id"] for child in children)
            raise RefusedError(422, f"cannot delete branch that has children: {names}")
        if identity in self.undeletable:
            raise RefusedError(422, "cannot delete the original root branch")
        del self.there[identity]
        if self.recovers and not hard:
            until = datetime.now(UTC) + _RECOVERABLE
            self.deleted[identity] = found | {
                "recovery": {
                    "deleted_at": now(),
                    "recoverable_until": until.isoformat(),
                    "deletion_method": "user",
                }
            }
        if identity in self.uris:
            self.discard(identity)
        return found

    def restore(self, identity: str, asked: dict[str, Any]) -> dict[str, Any]:
        target = self.there[identity]
        source = self.there.get(asked["source_branch_id"])
        if source is None:
            raise RefusedError(404, "source branch not found")
        preserved = asked.get("preserve_under_name")
        moment = asked.get("source_lsn") or asked.get("source_timestamp")
        self._refuse_restore(target, source, moment, preserved)
        is_root = "parent_id" not in target
        if preserved:
            self._refuse_taken(preserved)
            self._refuse_more(roots=int(is_root))
        state = self._state_of(source["id"], moment) if moment else self.schemas[source["id"]]
        kept = self._keep(target, preserved) if preserved else None
        # Its history of before is that of another timeline now (page: the new branch is built
        # beside it, and takes its name).
        for known in [known for known in self.past if known[0] == identity and "/" in known[1]]:
            del self.past[known]
        if kept and is_root and source is not target:
            self.undeletable.add(kept["id"])
        if not is_root:
            target["parent_id"] = kept["id"] if kept else source["id"]
        if "expires_at" in target:
            lifetime = timedelta(seconds=target["ttl_interval_seconds"])
            self._expire(target, (datetime.now(UTC) + lifetime).isoformat(timespec="seconds"))
        self.schemas[identity] = state
        target["last_reset_at"] = now()
        return target

    def _refuse_restore(
        self, target: Any, source: Any, moment: str | None, preserved: str | None
    ) -> None:
        is_reset = target.get("parent_id") == source["id"] and not moment
        for action in target.get("restricted_actions", ()):
            if action["name"] == "restore":
                raise RefusedError(422, action["reason"])
        if target["protected"] and is_reset:
            raise RefusedError(422, "cannot reset a protected branch")
        if moment and ("parent_id" in source or "parent_id" in target):
            raise RefusedError(422, "only root branches can be restored to a point in time")
        takes_part = self.takes_child_branches or is_reset
        if not takes_part and ("parent_id" in source or "parent_id" in target):
            raise RefusedError(422, "only root branches can be restored")
        if source is target and not moment:
            raise RefusedError(400, "source_timestamp or source_lsn is required")
        if not preserved and (source is target or self.children(target["id"])):
            raise RefusedError(422, "preserve_under_name is required")

    def _keep(self, target: dict[str, Any], name: str) -> dict[str, Any]:
        """Keep what a branch is, with its children, as another without a compute."""
        kept = self.add(name, target.get("parent_id"))
        kept["current_state"] = "ready"
        for child in self.children(target["id"]):
            child["parent_id"] = kept["id"]
        self.schemas[kept["id"]] = self.schemas[target["id"]]
        self.past |= {
            (kept["id"], moment): state
            for (identity, moment), state in self.past.items()
            if identity == target["id"]
        }
        self.without_compute.add(kept["id"])
        return kept

    def _state_of(self, identity: str, moment: str) -> str:
        state = self.past.get((identity, moment))
        if state is None and "/" in moment:
            raise RefusedError(422, "the LSN is outside of the history window")
        return self.schemas[identity] if state is None else state

    def _expire(self, found: dict[str, Any], at: str | None) -> None:
        for name in ("expires_at", "ttl_interval_seconds"):
            found.pop(name, None)
        if at:
            left = datetime.fromisoformat(at) - datetime.now(UTC)
            found |= {"expires_at": at, "ttl_interval_seconds": round(left.total_seconds())}

    def _refuse_taken(self, name: str) -> None:
        if any(item["name"] == name for item in (self.there | self.deleted).values()):
            raise RefusedError(409, "branch with the provided name already exists")

    def _refuse_more(self, *, roots: int) -> None:
        if self.limit_is_hard and len(self.there) >= self.limit:
            raise RefusedError(422, "branches limit exceeded", "BRANCHES_LIMIT_EXCEEDED")
        found = sum("parent_id" not in item for item in self.there.values())
        if roots and found >= self.root_limit:
            raise RefusedError(422, "root branches limit exceeded")
