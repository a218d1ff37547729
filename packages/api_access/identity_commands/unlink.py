"""`flask identities unlink`: says that a subject is no user any more."""

import click

from api_access.identity_commands.session import checked, links
from plain_commands.command import Result, command
from plain_commands.errors import NotFoundError


@command(click.argument("subject"), doing="Unlinking the subject")
def unlink(subject: str) -> Result:
    """Say that a subject of JWT_ISSUER is no user any more, whose rows stay.

    Processes that have just seen its token may take it for 30 seconds more. With JWT_NEW_USERS=on
    its next token makes a new user.
    """
    checked(subject)
    with links() as database:
        found = database.unlink(subject)
    if found is None:
        message = "No such subject of JWT_ISSUER is linked to a user."
        raise NotFoundError(message)
    text = f"{subject} is the user {found} no more; within 30 seconds, no process takes its tokens."
    return Result({"subject": subject, "user_id": str(found)}, text)
