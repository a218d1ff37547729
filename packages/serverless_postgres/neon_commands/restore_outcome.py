"""What a restore has done, in sentences and as a document: what is where, and the way back."""

from dataclasses import dataclass
from typing import Any

from serverless_postgres.neon import Branch, Branches
from serverless_postgres.neon.branches import names
from serverless_postgres.neon.moments import minute
from serverless_postgres.neon_commands.restore_plan import IN_API_ALONE, Plan, Way
from serverless_postgres.neon_names import flask_neon


@dataclass(frozen=True, slots=True)
class Outcome:
    """The way that a restore went, after refusals of others, and the branches as they are now."""

    plan: Plan
    way: Way
    refusals: tuple[str, ...]
    branches: Branches | None
    """None when they could not be asked for: then what Neon's manual says of them holds."""
    no_longer_expires: bool = False

    @property
    def back(self) -> str | None:
        """The command that takes the restore back."""
        plan = self.plan
        return plan.kept and flask_neon("restore", plan.target.word, plan.kept)

    @property
    def _target(self) -> Branch:
        found = self.branches and self.branches.get(self.plan.target.id)
        return found or self.plan.target

    @property
    def _moved(self) -> list[Branch]:
        backup = self.branches and self.branches.get(self.plan.kept or "")
        found = self.branches.children_of(backup) if self.branches and backup else None
        children = self.plan.children if found is None else found
        return [child for child in children if child.id != self.plan.target.id]

    def sentences(self) -> list[str]:
        """Say what is where now."""
        plan, way = self.plan, self.way
        past = f", from the history of {way.source.name} at {way.at.text}" if way.at else ""
        said = [f"Branch {plan.target.label} has {plan.state}{'' if plan.at else past}."]
        if self.refusals:
            said.append(f"It comes from that branch itself: {self.refusals[0]}")
        if not way.is_settled:
            said.append(
                f"{IN_API_ALONE}: check that everything is there, and before you do this again, "
                "try it on a scratch project first."
            )
        if self.no_longer_expires:
            said.append(
                f"{plan.origin.name} no longer expires, since Neon wanted it so; it did at "
                f"{minute(plan.origin.expires_at)}."
            )
        said += self._of_backup(plan.kept) if plan.kept else ["What it held before is lost."]
        said.append("Object Storage and Functions are as they were: Neon restores databases.")
        return said

    def _of_backup(self, kept: str) -> list[str]:
        name, moved = self._target.name, self._moved
        if self._target.is_root:
            what = f"a root branch like {name} itself, and counts as such in the plan."
        else:
            what = (
                f"its parent now, which stays as long as {name}: `{flask_neon('reset', name)}` "
                "would bring it back."
            )
        said = [f"What it held before is branch {kept}, {what}"]
        if moved:
            said.append(
                f"Made from {kept} now: {names(moved)}. A `flask neon reset` of these would give "
                f"them what {name} held before."
            )
        if self.plan.is_undeletable(self.way):
            said.append(
                f"Neon does not let {kept} be deleted, since {name} has the state of another "
                "branch. To free its room, add a compute on Neon's console and drop its tables."
            )
        elif self._target.is_root:
            until = "once it has no children" if moved else "when nobody needs it any more"
            said.append(f"`{flask_neon('delete', kept)}` removes it {until}.")
        return said

    def as_json(self) -> dict[str, Any]:
        """Write it for programs."""
        plan, way = self.plan, self.way
        backup = plan.kept and {
            "name": plan.kept,
            "root": self._target.is_root,
            "children": [child.name for child in self._moved],
            "undeletable": plan.is_undeletable(way),
        }
        return {
            "branch": self._target.as_json(),
            "source": plan.origin.name,
            "at": plan.at.text if plan.at else None,
            "taken_from": {
                "branch": way.source.name,
                "at": way.at.text if way.at else None,
                "described": way.is_settled,
            },
            "preserved_as": plan.kept,
            "backup": backup,
            "restore": self.back,
            "notes": self.sentences(),
        }
