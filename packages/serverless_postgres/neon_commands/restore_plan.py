"""What a restore would do: what Neon refuses, the ways that it has, and what is known of them.

Of Neon's API reference v2, "Restore branch to a historical state", and its manual, "Instant
restore" (2026-09-24), which describes root branches only: taken back in their own history or that
of another root, or given the present state of another root. "Reset from parent" is a child's only
way. A child that takes part otherwise, at its head, is in the API's reference alone.
"""

from dataclasses import dataclass

from plain_commands.errors import ConflictError
from serverless_postgres.neon import Branch, Branches, Moment
from serverless_postgres.neon.branches import names
from serverless_postgres.neon.moments import minute
from serverless_postgres.neon_names import flask_neon

IN_API_ALONE = "Neon's API describes that, its manual speaks of root branches only"
UNSETTLED = f"{IN_API_ALONE}: try it on a scratch project first."


@dataclass(frozen=True, slots=True)
class Way:
    """Where the state comes from: a branch's history, or its head.

    What is not `is_settled` stands in Neon's API reference, and not in its manual.
    """

    source: Branch
    at: Moment | None = None
    is_settled: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted, and the ways to it, of which each is tried if Neon refuses those before."""

    target: Branch
    origin: Branch
    at: Moment | None
    kept: str | None
    """The name of the backup."""
    children: list[Branch]
    ways: tuple[Way, ...]

    @property
    def state(self) -> str:
        """What the branch gets, for sentences."""
        then = f" as of {self.at.text}" if self.at else ""
        own = self.origin == self.target
        return f"its own state{then}" if own else f"the state of {self.origin.name}{then}"

    def is_undeletable(self, way: Way) -> bool:
        """Tell whether Neon never deletes the backup: that of a root that got another's state."""
        return self.kept is not None and self.target.is_root and way.source != self.target

    @property
    def doubt(self) -> str:
        """What nobody knows of the way that is tried first."""
        return "" if self.ways[0].is_settled else UNSETTLED

    def question(self) -> str:
        """Say what will happen, and what of it nobody knows, before it does."""
        fate = f"stays in branch {self.kept}" if self.kept else "is lost"
        said = [f"Branch {self.target.label} gets {self.state}; what it holds now {fate}."]
        first, last = self.ways[0], self.ways[-1]
        if first is not last and first.at:
            said.append(
                f"It is taken from the history of {first.source.name} at {first.at.text}; if Neon "
                f"no longer has that, from {last.source.name} itself. {UNSETTLED}"
            )
        elif self.doubt:
            said.append(self.doubt)
        if self.target.is_protected:
            said.append(
                "It is protected: Neon resets no protected branch, and its manual does not say "
                "whether it restores one."
            )
        if self.kept and self.children:
            said.append(
                f"Branches made from it become children of {self.kept}: {names(self.children)}."
            )
        if self.is_undeletable(last):
            when = "" if self.is_undeletable(first) else " in that case"
            said.append(f"Neon does not let {self.kept} be deleted{when}.")
        return " ".join(said)


def refuse(
    branches: Branches, target: Branch, origin: Branch, at: Moment | None, *, keeps: bool
) -> None:
    """Raise ConflictError for what Neon is known not to do, with what it does instead."""
    if reason := target.restricted.get("restore"):
        message = f"Neon does not restore branch {target.name} now: {reason.rstrip('.')}."
        raise ConflictError(message)
    if at and not (target.is_root and origin.is_root):
        raise ConflictError(_only_roots_have_a_past(branches, target, origin, at))
    if target.is_protected and target.parent_id == origin.id:
        message = (
            f"Branch {target.label} is protected, and {origin.name} is its parent: Neon resets no "
            "protected branch. Its console unprotects it (Branches, the branch)."
        )
        raise ConflictError(message)
    if not keeps:
        _refuse_without_backup(branches, target, origin)


def _only_roots_have_a_past(branches: Branches, target: Branch, origin: Branch, at: Moment) -> str:
    child = origin if target.is_root else target
    # Neon makes no branches from those that expire.
    parent = branches.root_of(origin) if origin.expires_at else origin
    create = flask_neon("create", "NAME", "--parent", parent.word, "--at", at.text)
    message = (
        f"Branch {child.name} was made from another one, and Neon restores only root branches to "
        f"a moment, from root branches: `{create}` makes a new branch with the state that "
        f"{parent.name} had then"
    )
    above = branches.parent_of(target)
    if above and not (target.is_default or target.is_protected):
        reset = flask_neon("reset", target.word)
        message += f", `{reset}` gives {target.name} what {above.name} is now"
    return message + "."


def _refuse_without_backup(branches: Branches, target: Branch, origin: Branch) -> None:
    children = branches.children_of(target)
    if origin.expires_at and not target.is_root:
        # Nothing that has been found says what becomes of the one when the other expires.
        message = (
            f"Without a backup {target.name} would be made from {origin.name}, which expires at "
            f"{minute(origin.expires_at)}: leave out --no-backup."
        )
        raise ConflictError(message)
    if origin == target:
        message = (
            f"Neon takes {target.name} back in its own history only if what it holds is kept: "
            "leave out --no-backup. The backup can be deleted once no branch is made from it."
        )
        raise ConflictError(message)
    if children:
        way_out = (
            f"leave out --no-backup. Once it is done, {origin.name} and then the backup can go"
            if origin in children
            else "delete them before, or leave out --no-backup"
        )
        message = (
            f"Branches were made from {target.name} ({names(children)}), and Neon wants what they "
            f"were made from kept: {way_out}."
        )
        raise ConflictError(message)


def past_of(branches: Branches, target: Branch, origin: Branch) -> Way | None:
    """Find what a restore point was in the history of the root that it was made from.

    From there the manual describes the restore, and of a branch's own restore point, the backup
    can be deleted afterwards. It is the same state if nobody could write to the restore point.
    """
    parent = branches.parent_of(origin)
    if not (parent and parent.is_root and target.is_root and origin.parent_lsn):
        return None
    # Of a branch that was reset or restored it is not known whether that is its beginning.
    return None if origin.reset_at else Way(parent, Moment("lsn", origin.parent_lsn))


def head_of(target: Branch, origin: Branch) -> Way:
    """Take a branch as it is now."""
    is_reset = target.parent_id == origin.id
    return Way(origin, is_settled=is_reset or (target.is_root and origin.is_root))
