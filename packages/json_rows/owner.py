"""Whose a row is, who else may see it, and who may change it: as conditions on who asks."""

from dataclasses import dataclass

PARAMETER = "%(owner)s"
"""Who asks, in SQL; NULL is nobody in particular."""


def asked(condition: str, row: str) -> str:
    """Write a condition for a row: whoever asks as nobody passes."""
    return f"({PARAMETER}::uuid IS NULL OR {condition.format(row=row)})"


@dataclass(frozen=True)
class Owner:
    """Whose the rows of a table are.

    `condition` is SQL for one row; `{row}` in it is the name by which a statement knows the row, as
    in `{row}.reader_id = %(owner)s`. Where others may see a row than may change it, or own it,
    `changing` and `owning` are the conditions for these. A row of a child belongs to whom its
    parent's row belongs: `link` is what joins the two, as in `{row}.shelf_id = shelves.id`;
    `joined` says the same as the condition for one who asks, by a join: `{row}.shelf_id IN (SELECT
    shelves.id FROM shelves ...)`. `known` fits rows of anybody, where a statement may read these. A
    child is changed `by_owner` only where its parent's row is one's own.
    """

    condition: str
    link: tuple[str, str, str] | None = None
    joined: str = ""
    changing: str = ""
    owning: str = ""
    known: str = ""
    by_owner: bool = False

    def sql(self, row: str) -> str:
        """Write the condition to see a row; whoever asks as nobody sees all of them."""
        return asked(self.condition, row)

    def to_change(self, row: str) -> str:
        """Write the condition to change a row."""
        return asked(self.changing or self.condition, row)

    def to_own(self, row: str) -> str:
        """Write the condition that a row is one's own."""
        return asked(self.owning or self.condition, row)

    def to_know(self, row: str) -> str:
        """Write the condition that lets a statement read a row of anybody."""
        return asked(self.known or self.condition, row)
