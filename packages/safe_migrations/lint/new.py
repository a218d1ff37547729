"""`python -m safe_migrations.lint.new NAME FINDS`: begins a rule, with its cases.

It is run where the library is developed, as rules are a part of it.
"""

import re
from pathlib import Path
from uuid import uuid4

import click

from plain_commands.errors import ConfigurationError
from safe_migrations.lint import rules
from safe_migrations.lint.rules import BY_ID

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RULE = '''"""{title}."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "{finds}",
    why="What Postgres does with {{table}} meanwhile, and who waits or fails.",
    cure="# the safe way, or code for it, as of `cookbook`\\n{{allow}} why it is safe",
)
def {name}(situation: Situation) -> Iterator[Facts]:
    """Find {finds}."""
    if situation.kind == "...":
        yield Facts(table="...")
'''
_CASE = '''"""{title}{but}."""
# expect: {expected}

from alembic import op

revision = "{revision}"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    pass
'''


def begun(rule: str, finds: str, folder: Path, cases: Path) -> list[Path]:
    """Write the file of a rule and its two cases; the unsafe one fails until it is found.

    Raises ConfigurationError when the name is none, or taken.
    """
    if not _NAME.fullmatch(rule):
        message = f"A rule is named by words with hyphens, as in drop-column: {rule!r} is not."
        raise ConfigurationError(message)
    name = rule.replace("-", "_")
    title = finds[:1].upper() + finds[1:]
    case = {"title": title, "revision": "", "expected": rule, "but": ""}
    texts = {
        folder / f"{name}.py": _RULE.format(title=title, finds=finds, name=name),
        cases / f"unsafe_{name}.py": _CASE.format(**case | {"revision": uuid4().hex[:12]}),
        cases / f"safe_{name}.py": _CASE.format(
            **case | {"revision": uuid4().hex[:12], "expected": "none", "but": ", done safely"}
        ),
    }
    if rule in BY_ID:
        message = f"There is a rule {rule} already."
        raise ConfigurationError(message)
    if taken := [path.name for path in texts if path.exists()]:
        message = f"The rule {rule} has been begun before: {', '.join(taken)}."
        raise ConfigurationError(message)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _cases() -> Path:
    found = sorted(Path("tests").rglob("lint/cases"))
    if len(found) != 1:
        message = "There is no one folder tests/.../lint/cases here: name it with --cases."
        raise ConfigurationError(message)
    return found[0]


@click.command()
@click.argument("name")
@click.argument("finds")
@click.option(
    "--cases",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the cases, when it is not tests/.../lint/cases.",
)
def main(name: str, finds: str, cases: Path | None) -> None:
    """Begin the rule NAME, which finds FINDS.

    Example: python -m safe_migrations.lint.new drop-sequence "a sequence that is dropped"
    """
    try:
        for path in begun(name, finds, Path(rules.__path__[0]), cases or _cases()):
            click.echo(f"Wrote {path}.")
    except ConfigurationError as error:
        raise click.ClickException(error.detail) from error
    click.echo(
        "Fill them in; the tests of lint fail until the unsafe case is found. Then\n"
        "python -m safe_migrations.lint.guide docs/ALEMBIC_GUIDE.md lists the rule in the guide."
    )


if __name__ == "__main__":
    main()
