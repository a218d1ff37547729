"""`flask db check`: whether the models and the database agree."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from plain_commands.errors import ConfigurationError
from safe_migrations.commands.command import Result, command
from safe_migrations.errors import BehindError, ExitCode, SeveralHeadsError
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from safe_migrations.overview import Overview


@command(doing="Comparing the models with the database")
def check(project: Project, x: tuple[str, ...]) -> Result:
    """Tell whether the models differ from the database; exit with 2 if they do.

    It sees more than Alembic's own comparison, such as the text of a CHECK, and names what the
    database holds beyond what models can describe. `flask db migrate` writes what is missing.
    Exits with 1 when tables could not be compared in full, and names them, or when others stand
    where the models' belong.

    Example: flask db check
    """
    # With SQLAlchemy and the models.
    from safe_migrations.autogenerate import beyond, gaps  # noqa: PLC0415
    from safe_migrations.overview import overview  # noqa: PLC0415

    found = overview(project, x)
    stands = found.standing
    if len(stands.heads) > 1:
        message = (
            f"There are several heads: {' and '.join(map(str, stands.heads))}. Join them with "
            "`flask db merge heads -m 'Join them'`, or put your own revision behind the other one "
            "with `flask db rebase`."
        )
        raise SeveralHeadsError(message)
    if stands.foreign:
        raise ConfigurationError(str(stands.foreign))
    if stands.unknown:
        message = f"{stands} Only the code of that revision can compare it with its models."
        raise ConfigurationError(message)
    if found.drift is None:
        pending = ", ".join(map(str, stands.pending))
        message = f"Revisions are pending: {pending}. Run `flask db upgrade` first."
        raise BehindError(message)
    lines = [f"- {item.detail}" for item in found.drift]
    verdict = "The models and the database differ:" if lines else "No difference was found"
    if not lines:
        verdict += " in what could be compared." if found.incomplete else "."
    lines += gaps.said(found.incomplete)
    if found.beyond_models:
        lines.append(beyond.said(found.beyond_models))
    return Result(
        {
            "differences": [asdict(item) for item in found.drift],
            "incomplete": [asdict(item) for item in found.incomplete],
            "beyond_models": [asdict(item) for item in found.beyond_models],
        },
        "\n".join([verdict, *lines]),
        _verdict(found),
    )


def _verdict(found: "Overview") -> ExitCode:
    if found.drift:
        return ExitCode.DRIFT
    return ExitCode.ERROR if found.incomplete else ExitCode.OK
