"""`flask identities link`: says which user a subject is."""

from uuid import UUID

import click

from api_access.identity_commands.session import checked, links
from plain_commands.command import Result, command
from plain_commands.errors import ConflictError, NotFoundError


@command(
    click.argument("subject"),
    click.option("--user", type=click.UUID, required=True, help="The id of the user."),
    doing="Linking the subject",
)
def link(subject: str, user: UUID) -> Result:
    """Say that a subject of JWT_ISSUER is a user: SUBJECT is the `sub` of its tokens."""
    checked(subject)
    with links() as database:
        found = database.link(subject, user)
    if found is None:
        message = f"There is no user {user}."
        raise NotFoundError(message)
    if found != user:
        message = (
            f"The subject is the user {found} already. To change that, `flask identities unlink` "
            "it first."
        )
        raise ConflictError(message)
    document = {"subject": subject, "user_id": str(user)}
    return Result(document, f"{subject} is the user {user}.")
