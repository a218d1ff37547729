"""What logs and traces may tell of a path: routes and ids, never what a client has made up."""

import re
from functools import cache, cached_property

from werkzeug.routing import Map, Rule

from smorest_sqlmodel.path import template_of

_ARGUMENT = re.compile(r"<(?:([^:>]+):)?([^>]+)>")
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_MORE = "/…"
"""What stands for the rest of a path that leads nowhere: a misspelt one holds names as well."""


class Places:
    """The places that the routes of an app know."""

    def __init__(self, routes: Map) -> None:
        self._routes = routes

    def told(self, path: str, rule: Rule | None) -> str:
        """Tell of a path: itself where ids are all it holds, else its template.

        Of one that no route takes, or not with its method, there is only as much as begins a route.
        """
        if rule is None:
            return self._beginning(path)
        if "<" not in rule.rule:
            return rule.rule
        ids_only = _with_ids(rule.rule)
        return path if ids_only and ids_only.fullmatch(path) else template_of(rule.rule)

    def _beginning(self, path: str) -> str:
        known = ""
        for segment in path.split("/", self._depth)[1:]:
            if f"{known}/{segment}" not in self._beginnings:
                return known + _MORE
            known += f"/{segment}"
        return known if known == path else known + _MORE

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        found = set()
        for rule in self._routes.iter_rules():
            known = ""
            for segment in rule.rule.split("/")[1:]:
                if "<" in segment:
                    break
                known += f"/{segment}"
                found.add(known)
        return frozenset(found)

    @cached_property
    def _depth(self) -> int:
        return 1 + max((known.count("/") for known in self._beginnings), default=0)


@cache
def _with_ids(rule: str) -> re.Pattern[str] | None:
    """Word a route whose arguments are all UUIDs; names and texts are personal data.

    Our converter lets anything else through, for the answer to say what is wrong with it.
    """
    pieces = _ARGUMENT.split(rule)
    if any(kind != "uuid" for kind in pieces[1::3]):
        return None
    return re.compile(_UUID.join(map(re.escape, pieces[::3])) + "/?")
