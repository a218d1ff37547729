"""`flask keys create`: makes a key, and shows it once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from api_access.key_commands.session import OUTPUT, chosen, session, told
from plain_commands.command import Result, command
from plain_commands.durations import read_duration
from plain_commands.errors import InvalidInputError

_SCOPES = ("ingest", "read", "write", "admin")
_LONGEST = timedelta(days=3650)


@command(
    click.option("--name", required=True, help="What the key is for."),
    click.option(
        "--scope",
        "scopes",
        type=click.Choice(_SCOPES),
        multiple=True,
        required=True,
        help="What it may do; several may be given. write includes read and ingest, admin all.",
    ),
    click.option("--user", help="The id of the user whose rows alone it sees. Not given: all."),
    click.option("--expires", help="After how long it is refused, such as 90d. Not given: never."),
    OUTPUT,
    doing="Making a key",
)
def create(
    name: str, scopes: tuple[str, ...], user: str | None, expires: str | None, output: Path | None
) -> Result:
    """Make a key, and show it once.

    A caller sends it as `Authorization: Bearer KEY`. Keys made in development are refused in
    production, and the other way round: APP_ENV says which ones are made.
    """
    from pydantic import ValidationError  # noqa: PLC0415  heavy, as are those below

    from api_access.api_key import Scope  # noqa: PLC0415
    from api_access.key_models import KeyCreate  # noqa: PLC0415

    lasts = read_duration(expires, noun="lifetime", most=_LONGEST) if expires else None
    try:
        new = KeyCreate.model_validate(
            {
                "name": name,
                "scopes": [Scope(scope) for scope in dict.fromkeys(scopes)],
                "user_id": user,
                "expires_at": datetime.now(UTC) + lasts if lasts else None,
            }
        )
    except ValidationError as error:
        (first, *_) = error.errors()
        option = {"user_id": "--user"}.get(str(first["loc"][0]), f"--{first['loc'][0]}")
        message = f"{option}: {first['msg']}."
        raise InvalidInputError(message) from error
    with told(output) as result, session() as database:
        row = database.run(database.store.create(chosen().new_key(), new, None))
        of = f" of the user {row['user_id']}" if row["user_id"] else ""
        until = f", until {row['expires_at']}" if row["expires_at"] else ""
        text = f"Key {row['id']}{of} may {', '.join(row['scopes'])}{until}."
        return result(row, text)
