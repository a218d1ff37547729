"""How many branches the plan of a project has room for, and which could go when there is none.

From Neon's API reference v2, "Retrieve project details" (`owner.branches_limit`), and its page
"Plans" (2026-03-20): a free plan refuses the branch after its last; the others bill those beyond
the included ones, up to a number that the API doesn't tell.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from serverless_postgres.neon.branches import Branch, Branches, names
from serverless_postgres.neon.refusals import LimitReachedError
from serverless_postgres.neon_names import flask_neon

_NAMED = 5
_PRICE = "1.50 USD a month by Neon's page on plans of 2026-03-20"
_LARGER_PLAN = "a larger plan has room (Neon's console: Billing)"
_RESTORE_POINT = re.compile("before-.+")
_REHEARSAL = re.compile("rehearsal_.+")
# A rehearsal that was made since then may be under way.
_OF_NOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Room:
    """The branches of a project, and what is known of its plan: None where the API doesn't say."""

    branches: Branches
    limit: int | None = None
    plan: str = ""
    history: timedelta | None = None
    """How long Neon keeps what a branch was."""

    @classmethod
    def of(cls, branches: Branches, project: dict[str, Any]) -> Self:
        """Read the answer about a project, which need not tell."""
        owner = project.get("owner") or {}
        seconds = project.get("history_retention_seconds")
        return cls(
            branches,
            limit=owner.get("branches_limit") or None,
            plan=owner.get("subscription_type") or "",
            history=None if seconds is None else timedelta(seconds=seconds),
        )

    def without(self, gone: Iterable[Branch]) -> Self:
        """Return what it is after branches were deleted."""
        ids = {branch.id for branch in gone}
        left = [branch for branch in self.branches if branch.id not in ids]
        return replace(self, branches=Branches(left))

    @property
    def is_full(self) -> bool:
        """Tell whether the plan surely refuses another branch."""
        return self.plan.startswith("free") and self._is_beyond

    def refuse_more(self, *spared: str) -> None:
        """Raise LimitReachedError if it is full; the ids are of branches that have to stay."""
        if self.is_full:
            raise LimitReachedError(self._explanation("branches", spared), "branches")

    def price_of_another(self) -> str:
        """Say what another branch costs, if it is one beyond those of a plan that is paid for."""
        if self.is_full or not self._is_beyond:
            return ""
        count = _counted(self.branches, "branches")
        return (
            f"The project has {count}, and its plan ({self.plan}) comes with {self.limit}: another "
            f"one is billed ({_PRICE}), or refused."
        )

    def explained(self, error: LimitReachedError, *spared: str) -> LimitReachedError:
        """Add to a refusal what can be done; the ids are of branches that have to stay."""
        if not error.what:
            return LimitReachedError(
                f"{error.detail} If that is a limit of the plan, {_LARGER_PLAN}."
            )
        return LimitReachedError(self._explanation(error.what, spared), error.what)

    @property
    def _is_beyond(self) -> bool:
        return self.limit is not None and len(self.branches) >= self.limit

    def _explanation(self, what: str, spared: Iterable[str]) -> str:
        is_of_roots = what == "root branches"
        counted = [item for item in self.branches if not (is_of_roots and item.parent_id)]
        plan = f" on the plan {self.plan}" if self.plan else ""
        said = f"The project has {_counted(counted, what)}, and Neon allows no more{plan}."
        could_go = [item for item in _ours(self.branches, spared) if item in counted]
        if could_go:
            named = names(could_go[:_NAMED])
            rest = len(could_go) - _NAMED
            more = f" and {rest} more" if rest > 0 else ""
            # Which backups those are, no answer tells.
            if any(item.is_named_as_backup for item in could_go):
                more += " (a backup only if its branch went back in its own history)"
            return (
                f"{said} These could go, the oldest first: {named}{more}; "
                f"`{flask_neon('delete', could_go[0].word)}` deletes one. Otherwise {_LARGER_PLAN}."
            )
        if is_of_roots and (backup := _held_backup(self.branches, counted, spared)):
            held = ", ".join(item.name for item in self.branches.children_of(backup))
            return (
                f"{said} {backup.name} could go once those made from it are gone: {held}. "
                f"Otherwise {_LARGER_PLAN}."
            )
        return (
            f"{said} None of them is a rehearsal left behind, a restore point or a backup that "
            "could go: delete one that nobody needs any more (`flask neon branches` lists them, "
            f"`flask neon delete NAME`); otherwise {_LARGER_PLAN}."
        )


def restore_points(branches: Branches, source: Branch) -> list[Branch]:
    """List the restore points of a branch that nobody asked to stay, the newest first.

    They expire by themselves, are not protected, and nothing was made from them.
    """
    found = [
        item
        for item in branches.children_of(source)
        if is_restore_point(item.name) and item.expires_at and _can_go(branches, item)
    ]
    return sorted(found, key=_age, reverse=True)


def is_restore_point(name: str) -> bool:
    """Tell whether a branch is a restore point by its name."""
    return bool(_RESTORE_POINT.fullmatch(name))


def _ours(branches: Branches, spared: Iterable[str]) -> list[Branch]:
    """List what was made from here for a while and could go: the oldest first, backups last."""
    found = [
        item
        for item in branches
        if (_is_left_behind(item) or is_restore_point(item.name) or item.is_named_as_backup)
        and item.id not in set(spared)
        and _can_go(branches, item)
    ]
    return sorted(found, key=lambda item: (item.is_named_as_backup, _age(item)))


def _held_backup(
    branches: Branches, roots: Iterable[Branch], spared: Iterable[str]
) -> Branch | None:
    """Find the oldest backup that stays for those alone that were made from it."""
    found = [
        item
        for item in roots
        if item.is_named_as_backup
        and not (item.is_default or item.is_protected)
        and not {item.id, *(child.id for child in branches.children_of(item))} & set(spared)
    ]
    return min(found, key=_age, default=None)


def _is_left_behind(branch: Branch) -> bool:
    if not _REHEARSAL.fullmatch(branch.name) or not branch.created_at:
        return False
    return datetime.fromisoformat(branch.created_at) < datetime.now(UTC) - _OF_NOW


def _can_go(branches: Branches, branch: Branch) -> bool:
    is_precious = branch.is_default or branch.is_protected
    return not is_precious and not branches.children_of(branch)


def _counted(branches: Collection[Branch], what: str) -> str:
    count = len(branches)
    return f"{count} {what if count > 1 else what.removesuffix('es')}"


def _age(branch: Branch) -> str:
    return branch.created_at or ""
