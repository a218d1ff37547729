"""What a revision does beside the database."""

from safe_migrations.lint.rule import Rule

side_effect = Rule(
    "side_effect", "files, network and programs, which no rollback takes back"
).remarked(
    why="Beside the database {what}.",
    cure="# do it before or after the upgrade, not in a revision",
)
