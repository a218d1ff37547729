"""The branches of a project: what they are, and finding one by name or id."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Self
from unicodedata import normalize

from plain_commands.errors import ConfigurationError, InvalidInputError, NotFoundError
from serverless_postgres.neon.moments import Moment
from serverless_postgres.neon.pages import pages
from serverless_postgres.neon.transport import Answer, NeonTransport
from serverless_postgres.neon_names import word

_PAGE = "100"
# As `flask neon restore` calls them, and Neon's console.
_BACKUP = re.compile(r".+(-before-restore-\d{8}-\d{6}|_old_\d[\d\-T:.Z]*)")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch; `parent_id` is None for a root branch, times are ISO 8601."""

    id: str
    name: str
    parent_id: str | None = None
    parent_lsn: str | None = None
    """Where in its parent's history it begins."""
    parent_timestamp: str | None = None
    is_default: bool = False
    is_protected: bool = False
    state: str | None = None
    created_at: str | None = None
    expires_at: str | None = None
    deleted_at: str | None = None
    recoverable_until: str | None = None
    """Until when a branch that was deleted can be brought back."""
    logical_bytes: int | None = None
    """The size of its data, as if it shared nothing; not known right after its creation."""
    reset_at: str | None = None
    restricted: dict[str, str] = field(default_factory=dict, hash=False)
    """What Neon does not do with it now, such as `restore`, and why."""

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Read a branch as the API writes it."""
        pending = answer.get("pending_state")
        state = answer.get("current_state")
        recovery = answer.get("recovery") or {}
        return cls(
            id=answer["id"],
            name=answer["name"],
            parent_id=answer.get("parent_id"),
            parent_lsn=answer.get("parent_lsn"),
            parent_timestamp=answer.get("parent_timestamp"),
            is_default=bool(answer.get("default")),
            is_protected=bool(answer.get("protected")),
            state=f"{state}, then {pending}" if pending else state,
            created_at=answer.get("created_at"),
            expires_at=answer.get("expires_at"),
            deleted_at=recovery.get("deleted_at"),
            recoverable_until=recovery.get("recoverable_until"),
            logical_bytes=answer.get("logical_size"),
            reset_at=answer.get("last_reset_at"),
            restricted={
                item["name"]: item["reason"] for item in answer.get("restricted_actions", ())
            },
        )

    @property
    def is_root(self) -> bool:
        """Tell whether it has no parent: made with the project, from a schema, or by a restore."""
        return self.parent_id is None

    @property
    def label(self) -> str:
        """Name and id, for sentences."""
        return f"{self.name} ({self.id})"

    @property
    def is_named_as_backup(self) -> bool:
        """Tell whether it is called as what a restore keeps."""
        return bool(_BACKUP.fullmatch(self.name))

    def begins_at(self, at: Moment) -> bool:
        """Tell whether it was made from its parent's state of a moment."""
        told = self.parent_lsn if at.kind == "lsn" else self.parent_timestamp
        return told is not None and Moment.read(told) == at

    @property
    def word(self) -> str:
        """What it is called in a command to be copied: its name, if a shell leaves that alone."""
        return word(self.name, self.id)

    def is_backup_for(self, child: "Branch") -> bool:
        """Tell whether it keeps what a branch was before a restore, and got this child by that.

        No branch is made before its parent: such a parent came later, by a restore or a reset. And
        names of backups tell, those that `flask neon` gives and those of Neon's console.
        """
        is_newer = bool(
            self.created_at
            and child.created_at
            and datetime.fromisoformat(self.created_at) > datetime.fromisoformat(child.created_at)
        )
        return is_newer or self.is_named_as_backup

    def as_json(self) -> dict[str, Any]:
        """Write it for programs."""
        written = asdict(self)
        return {name.removeprefix("is_"): value for name, value in written.items()}


class Branches(tuple[Branch, ...]):
    """All branches of a project, at one moment."""

    __slots__ = ()

    @property
    def default(self) -> Branch:
        """The project's default branch; raises NotFoundError if there is none."""
        for branch in self:
            if branch.is_default:
                return branch
        message = "The project has no default branch: name the one that you mean."
        raise NotFoundError(message)

    def get(self, name_or_id: str) -> Branch | None:
        """Find a branch by its id, else by its whole name."""
        exact = [branch for branch in self if name_or_id in {branch.id, branch.name}]
        if exact:
            # An id comes before a name like it.
            return next((branch for branch in exact if branch.id == name_or_id), exact[0])
        # Names that look the same are the same, however a keyboard composes their letters.
        wanted = normalize("NFC", name_or_id.strip())
        found = [
            branch
            for branch in self
            if wanted in {branch.id, normalize("NFC", branch.name.strip())}
        ]
        if len(found) > 1:
            said = " and ".join(branch.id for branch in found)
            message = f"Several branches look like {name_or_id!r}: name one by its id, {said}."
            raise InvalidInputError(message)
        return found[0] if found else None

    def find(self, name_or_id: str) -> Branch:
        """Find a branch by its id, else by its whole name; raises NotFoundError."""
        if branch := self.get(name_or_id):
            return branch
        raise self.unknown(name_or_id)

    def unknown(self, name_or_id: str) -> NotFoundError:
        """Make the error for a name that no branch has."""
        near = get_close_matches(name_or_id, [branch.name for branch in self], n=1)
        hint = f"did you mean {near[0]}?" if near else "`flask neon branches` lists them."
        return NotFoundError(f"The project has no branch {name_or_id!r}; {hint}")

    def of_setting(self, neon_branch_id: str) -> Branch:
        """Find the branch of NEON_BRANCH_ID; raises ConfigurationError."""
        try:
            return self.find(neon_branch_id)
        except NotFoundError as error:
            message = f"NEON_BRANCH_ID is wrong: {error.detail[0].lower()}{error.detail[1:]}"
            raise ConfigurationError(message) from None

    def parent_of(self, branch: Branch) -> Branch | None:
        """Find the branch that another was made from."""
        return next((item for item in self if item.id == branch.parent_id), None)

    def root_of(self, branch: Branch) -> Branch:
        """Find the branch without a parent that another comes from, as far as they are there."""
        parent = self.parent_of(branch)
        return self.root_of(parent) if parent else branch

    def children_of(self, branch: Branch) -> list[Branch]:
        """List the branches that were made from another."""
        return [item for item in self if item.parent_id == branch.id]


def listed(
    transport: NeonTransport, project_path: str, *, search: str = "", deleted: bool = False
) -> Iterator[Branch]:
    """List a project's branches, page by page; `search` is a part of a name or id.

    With `deleted` those that can be brought back are among them. They come in the order of their
    creation, which what happens in between does not change.
    """
    query = {"limit": _PAGE, "sort_by": "created_at", "sort_order": "asc"}
    query |= {"search": search} if search else {}
    query |= {"include_deleted": "true"} if deleted else {}
    for page in pages(transport, f"{project_path}/branches", query, "branches"):
        yield from map(Branch.of, page["branches"])


def names(branches: Iterable[Branch]) -> str:
    """List branches in a sentence."""
    return ", ".join(branch.name for branch in branches)
