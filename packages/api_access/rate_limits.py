"""How much each caller of an app may send."""

import logging
import time
from typing import cast

from flask import Response, current_app, g, request

from api_access.caller import ANYBODY, NOBODY, Caller
from api_access.counters import Counters
from api_access.policies import EXTENSION, Policy, Standing, read_policy
from api_access.settings import AccessSettings
from smorest_sqlmodel.caller import network_of
from smorest_sqlmodel.errors import TooManyRequestsError

_ANONYMOUS = "600/minute"

_log = logging.getLogger(__name__)


class Limits:
    """The limits of an app's callers."""

    def __init__(self, settings: AccessSettings, counters: Counters) -> None:
        """Read the settings; raises ConfigurationError for what is no limit."""
        anonymous = _ANONYMOUS if settings.is_auth_on else "off"
        self._callers = read_policy("caller", "RATE_LIMIT", settings.rate_limit)
        self._addresses = read_policy(
            "address", "RATE_LIMIT_ANONYMOUS", settings.rate_limit_anonymous or anonymous
        )
        self._feeds = read_policy("feed", "RATE_LIMIT_FEED", settings.rate_limit_feed)
        self._counters = counters
        self._may_be_behind_a_proxy = not settings.trusted_proxies

    def check(self, found: Caller) -> None:
        """Count the current request for whoever sends it; TooManyRequestsError beyond the limit."""
        if found is ANYBODY or found is NOBODY:
            self._warn_of_proxy()
            self._count(self._addresses, network_of(request.remote_addr or ""))
        else:
            self._count(self._callers, found.principal)

    def check_feed(self, token: str) -> None:
        """Count the current request for a feed's token; TooManyRequestsError beyond the limit."""
        self._count(self._feeds, token)

    def _count(self, policy: Policy | None, who: str) -> None:
        if policy is None:
            return
        now = time.time()
        used = self._counters.add(policy.counter(who, now), policy.period_s)
        if used is None:
            return
        standing = Standing(policy, used, policy.reset_s(now))
        g.setdefault("standings", []).append(standing)
        if standing.is_over:
            message = (
                f"No more than {policy.most} requests are answered in {policy.period_s} s here; "
                f"there is room again in {standing.reset_s} s."
            )
            raise TooManyRequestsError(message, retry_after_s=standing.reset_s)

    def _warn_of_proxy(self) -> None:
        """Warn, once, where addresses may be those of a proxy."""
        if self._may_be_behind_a_proxy and "X-Forwarded-For" in request.headers:
            self._may_be_behind_a_proxy = False
            _log.warning(
                "A request came with X-Forwarded-For, and TRUSTED_PROXIES is 0: if there is a "
                "proxy, all who send no key share the limit of its address. Set how many there are."
            )


def limits() -> Limits:
    """Get the limits of the current app."""
    return cast("Limits", current_app.extensions[EXTENSION])


def add_headers(response: Response) -> Response:
    """Say on an answer which limits its request was counted for, and what is left of them."""
    standings: list[Standing] = g.get("standings", [])
    if standings:
        response.headers["RateLimit-Policy"] = ", ".join(str(one.policy) for one in standings)
        response.headers["RateLimit"] = ", ".join(map(str, standings))
    return response
