"""Imports of the application, whose present form an old revision must not rely on."""

from safe_migrations.lint.rule import Rule

application_import = Rule(
    "application_import",
    "code of the application, which goes on changing, imported into a revision",
).remarked(
    why="{what} goes on changing, and this revision must do the same for ever: on a new database "
    "it fails once the code has moved on.",
    cure='# what it needs of it, in the revision itself:\nsa.table("TABLE", sa.column("COLUMN", '
    "sa.Text()))",
)
