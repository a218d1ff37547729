"""`flask db check`: whether the models and the database agree."""

from dataclasses import asdict

from service.cli.db.command import Result, command
from service.errors import BehindError, ConfigurationError, ExitCode, SeveralHeadsError
from service.schema.revisions import folder_of
from service.settings import Settings


@command(doing="Comparing the models with the database")
def check(directory: str | None, x: tuple[str, ...]) -> Result:
    """Tell whether the models differ from the database; exit with 2 if they do.

    It sees more than Alembic's own comparison, such as the text of a CHECK, and names what the
    database holds beyond what models can describe. `flask db migrate` writes what is missing.

    Example: flask db check
    """
    from service.schema.overview import overview  # noqa: PLC0415  with SQLAlchemy and the models

    found = overview(Settings.load(), x=x, folder=folder_of(directory))
    stands = found.standing
    if len(stands.heads) > 1:
        message = (
            f"There are several heads: {' and '.join(map(str, stands.heads))}. Join them with "
            "`flask db merge heads -m 'Join them'`, or put your own revision behind the other one "
            "with `flask db rebase`."
        )
        raise SeveralHeadsError(message)
    if stands.unknown:
        message = f"{stands} Only the code of that revision can compare it with its models."
        raise ConfigurationError(message)
    if found.drift is None:
        pending = ", ".join(map(str, stands.pending))
        message = f"Revisions are pending: {pending}. Run `flask db upgrade` first."
        raise BehindError(message)
    lines = [f"- {item.detail}" for item in found.drift]
    verdict = "The models and the database differ:" if lines else "No difference was found."
    if found.beyond_models:
        names = ", ".join(map(str, found.beyond_models))
        lines.append(f"Beyond what models describe, and not compared: {names}.")
    return Result(
        {
            "differences": [asdict(item) for item in found.drift],
            "beyond_models": [asdict(item) for item in found.beyond_models],
        },
        "\n".join([verdict, *lines]),
        ExitCode.DRIFT if found.drift else ExitCode.OK,
    )
