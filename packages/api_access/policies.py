"""How many requests are answered in which time, and what answers say of that.

A window begins with the clock's minute (or hour) for all, so that one question to what counts is
enough. What is said is that of draft-ietf-httpapi-ratelimit-headers.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

from limits import parse_many

from plain_commands.errors import ConfigurationError

EXTENSION = "limits"
"""Where an app keeps its limits."""

DOCUMENTED: dict[str, dict[str, Any]] = {
    "RateLimit": {
        "description": "How many requests are left (`r`), and in how many seconds all of them "
        "are there again (`t`), for each limit that the request was counted for.",
        "schema": {"type": "string", "examples": ['"caller";r=5999;t=42']},
    },
    "RateLimit-Policy": {
        "description": "How many requests there may be (`q`) in how many seconds (`w`).",
        "schema": {"type": "string", "examples": ['"caller";q=6000;w=60']},
    },
}
"""What answers say of limits; they don't where nothing is limited."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many requests are answered in a window of time; `name` is what clients read."""

    name: str
    most: int
    period_s: int

    def counter(self, who: str, now: float) -> str:
        """Name what counts for somebody now; neither an address nor a token is to be read there."""
        window = int(now // self.period_s)
        digest = hashlib.sha256(f"{self.name}\0{who}".encode()).hexdigest()
        return f"{digest[:32]}:{self.period_s}:{window}"

    def reset_s(self, now: float) -> int:
        """Tell in how many seconds the next window begins."""
        return max(1, math.ceil(self.period_s - now % self.period_s))

    def __str__(self) -> str:
        return f'"{self.name}";q={self.most};w={self.period_s}'


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a policy is used, and in how many seconds all of it is there again."""

    policy: Policy
    used: int
    reset_s: int

    @property
    def is_over(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.policy.most

    def __str__(self) -> str:
        left = max(0, self.policy.most - self.used)
        return f'"{self.policy.name}";r={left};t={self.reset_s}'


def read_policy(name: str, variable: str, text: str) -> Policy | None:
    """Read a limit such as 600/minute; None for `off`. Raises ConfigurationError for others."""
    if text == "off":
        return None
    try:
        items = parse_many(text)
    except ValueError:
        items = []
    if len(items) != 1 or items[0].amount < 1 or items[0].get_expiry() < 1:
        message = (
            f"{variable} must be one limit such as 600/minute, 20/second or 5000/hour, or off, "
            f"not {text!r}."
        )
        raise ConfigurationError(message)
    return Policy(name, items[0].amount, items[0].get_expiry())
