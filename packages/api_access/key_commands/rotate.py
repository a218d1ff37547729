"""`flask keys rotate`: replaces a key by another one, with a while for the change."""

from datetime import timedelta
from pathlib import Path

import click

from api_access.key_commands.session import OUTPUT, chosen, key_id, session, told
from plain_commands.command import Result, command
from plain_commands.durations import in_words, read_duration

_LONGEST = timedelta(days=30)


@command(
    click.argument("key", metavar="ID"),
    click.option(
        "--overlap",
        default="24h",
        show_default=True,
        help="How long the old key is good for, besides the new one.",
    ),
    OUTPUT,
    doing="Replacing the key",
)
def rotate(key: str, overlap: str, output: Path | None) -> Result:
    """Replace a key by another one, which has its scopes, its user and its expiry."""
    from api_access.key_models import KeyRotate  # noqa: PLC0415  heavy

    found = key_id(key)
    both = read_duration(overlap, noun="overlap", least=timedelta(0), most=_LONGEST)
    how = KeyRotate(overlap_s=int(both.total_seconds()))
    with told(output) as result, session() as database:
        row = database.run(database.store.rotate(found, chosen().new_key(), how, None))
        text = (
            f"Key {row['id']} takes the place of {found}, which is good for {in_words(both)} more."
        )
        return result(row, text)
