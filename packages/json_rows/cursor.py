"""The cursor of a list: where the page before ended, of which list, in which order and for whom.

It gives its bearer nothing, and is not signed: a page has the rows of who asks, wherever it begins.
"""

import base64
import hashlib
import json
from typing import Any
from uuid import UUID

from smorest_sqlmodel.errors import InvalidInputError


def mark_of(*names: str) -> str:
    """Make a short word of what a list is called, and of who asks."""
    return base64.urlsafe_b64encode(hashlib.sha256("\0".join(names).encode()).digest()[:6]).decode()


def write_cursor(mark: str, sort: str, key: str, row_id: str) -> str:
    """Write a cursor: the sort key, as text, and the id of the last row of a page."""
    cursor = json.dumps([mark, sort, key, row_id], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def read_cursor(cursor: str, mark: str, sort: str) -> dict[str, Any]:
    """Read a cursor as parameters of a page; InvalidInputError for one that leads elsewhere."""
    try:
        known = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_list, of_sort, key, row_id = json.loads(known)
        if (of_list, of_sort) == (mark, sort) and b"\0" not in key.encode():
            return {"after_key": key, "after_id": UUID(row_id)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise bad_cursor()


def bad_cursor() -> InvalidInputError:
    """Refuse a cursor: made up, cut off, of another list, another order or another caller."""
    message = "is not a cursor of this list in this order, made for you; start again without one"
    return InvalidInputError.of(location="query", name="cursor", code="bad_cursor", message=message)
