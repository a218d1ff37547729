"""Lists of Neon's API, page by page to their end."""

from collections.abc import Iterator
from typing import Any

from plain_commands.errors import ConfigurationError
from serverless_postgres.neon.transport import NeonTransport


def pages(
    transport: NeonTransport, path: str, query: dict[str, str], *members: str
) -> Iterator[dict[str, list[Any]]]:
    """Follow a list's cursor; yields the `members` of each page, which are lists, each item once.

    A page may be short and is not the last for that. The last one has no cursor, one that has been
    followed before, or nothing new: whatever the API answers, there is an end.
    """
    cursor = ""
    followed = set()
    known: dict[str, set[str]] = {name: set() for name in members}
    while cursor not in followed:
        followed.add(cursor)
        answer = transport.call("GET", path, query=query | ({"cursor": cursor} if cursor else {}))
        found = {name: _new(answer.get(name) or [], known[name]) for name in members}
        if not any(found.values()):
            return
        yield found
        pagination = answer.get("pagination") or {}
        # Lists of branches call it `next`, all others `cursor`.
        cursor = str(pagination.get("next") or pagination.get("cursor") or "")


def _new(items: list[Any], known: set[str]) -> list[Any]:
    """Leave out what an earlier page had, since what changes in between moves."""
    if not (isinstance(items, list) and all(isinstance(item, dict | str) for item in items)):
        message = "Neon's API gave an answer without a list; is NEON_API_URL right?"
        raise ConfigurationError(message)
    new = {item["id"] if isinstance(item, dict) else str(item): item for item in items}
    new = {name: item for name, item in new.items() if name not in known}
    known.update(new)
    return list(new.values())
