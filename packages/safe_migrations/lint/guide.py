"""The list of rules in a guide: written from what the rules declare.

`python -m safe_migrations.lint.guide docs/ALEMBIC_GUIDE.md` brings a guide up to date.
"""

from collections.abc import Iterable
from pathlib import Path

import click

from plain_commands.errors import ConfigurationError
from safe_migrations.lint.rule import Rule
from safe_migrations.lint.rules import RULES

_LISTS = {
    "rules": [rule for rule in RULES if not rule.breaks_release_before],
    "rules on the release before": [rule for rule in RULES if rule.breaks_release_before],
}


def listed(text: str, lists: dict[str, list[Rule]] = _LISTS) -> str:
    """Write the lists between their marks, `<!-- rules -->` and `<!-- end of rules -->`.

    Raises ConfigurationError when a mark is missing.
    """
    for name, rules in lists.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if begin not in text or end not in text:
            message = f"The guide lacks {begin.strip()} and {end}, each on a line of its own."
            raise ConfigurationError(message)
        before, _, rest = text.partition(begin)
        text = before + begin + _table(rules) + end + rest.partition(end)[2]
    return text


def _table(rules: Iterable[Rule]) -> str:
    rows = [f"| `{rule.id}` | {rule.finds} |\n" for rule in sorted(rules, key=lambda item: item.id)]
    return "".join(["| rule | finds |\n", "|---|---|\n", *rows])


@click.command()
@click.argument("guide", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(guide: Path) -> None:
    """Bring the list of rules in GUIDE up to date."""
    try:
        text = listed(guide.read_text(encoding="utf-8"))
    except ConfigurationError as error:
        raise click.ClickException(error.detail) from error
    guide.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
