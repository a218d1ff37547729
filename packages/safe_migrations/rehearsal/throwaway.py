"""What all copies of a rehearsal have in common."""

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a database, and how a person gets rid of it."""

    url: URL
    description: str
    way_to_drop: str


def new_name(prefix: str) -> str:
    """Make a name that nothing has had: `rehearsal_20260131120000_1f2e3d4c`."""
    return f"{prefix}_{time.strftime('%Y%m%d%H%M%S', time.gmtime())}_{secrets.token_hex(4)}"
