"""Files of revisions that no command can run."""

from safe_migrations.lint.rule import Rule

cannot_be_imported = Rule("cannot_be_imported", "a file that can't be imported").remarked(
    why="No command can run the file, as it can't be imported, and none of it is looked at: "
    "{what}.",
    cure="# correct the file, or install what it imports",
)
