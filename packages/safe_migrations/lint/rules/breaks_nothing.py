"""The constant that says a revision breaks the release before, where nothing asks for it."""

from safe_migrations.lint.release_before import CONSTANT
from safe_migrations.lint.rule import Rule

breaks_nothing = Rule("breaks_nothing", f"`{CONSTANT}` in a revision that breaks nothing").remarked(
    why="With {what} code of the release before refuses to serve, and nothing that lint sees in "
    "the revision would break it.",
    cure="# leave it out; or, if it is the meaning of the data that breaks it:\n"
    "{allow} what older code would do wrong",
)
