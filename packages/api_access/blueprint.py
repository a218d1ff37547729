"""The blueprint of `json_rows` whose routes say what their callers need.

    @blueprint.post("", needs=Scope.INGEST)
    @blueprint.arguments(LoanCreate)
    @blueprint.response(201, LoanRead)
    def create_loan(new: LoanCreate) -> Query: ...

A route that says nothing needs `read` for GET and HEAD, `write` for all else. `needs=None` is for
what is public. With `of_all=True` callers who are bound to a user are refused.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Flask
from typing_extensions import override

import json_rows.blueprint
from api_access.access import EXTENSION, MARK, READS, Access, usual
from api_access.api_key import Scope
from api_access.policies import DOCUMENTED
from api_access.policies import EXTENSION as LIMITS
from smorest_sqlmodel.documentation import (
    View,
    add_errors,
    add_header,
    documentation_of,
    synchronous,
)

SCHEME = "key"
"""How the document calls the way in which callers say who they are."""

_UNSAID: Any = object()


class Blueprint(json_rows.blueprint.Blueprint):
    """A Blueprint whose routes are for callers with a scope."""

    def __init__(
        self, *args: Any, needs: Scope | None = _UNSAID, fresh: bool = False, **kwargs: Any
    ) -> None:
        """Make a blueprint, with the options of `json_rows`, and what its routes need by default.

        With `fresh` the database is asked for each request whether its key is still good.
        """
        self._needs = needs
        self._fresh = fresh
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.insert(0, self._document_access)

    @override
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        *,
        needs: Scope | None = _UNSAID,
        of_all: bool = False,
        **options: Any,
    ) -> None:
        """Register a view, and what it needs."""
        if isinstance(view_func, type):
            message = f"{view_func.__name__} is a class: say by functions what each of them needs."
            raise TypeError(message)

        wanted = self._needs if needs is _UNSAID else needs

        def needing(method: str) -> Access:
            scope = usual(method).scope if wanted is _UNSAID else wanted
            return Access(scope, of_all, self._fresh)

        reading, writing = needing("GET"), needing("POST")

        def needed(method: str) -> Access:
            return reading if method in READS else writing

        if view_func is not None:
            view_func = _marked(view_func, needed)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def _document_access(
        self,
        document: dict[str, Any],
        information: dict[str, Any],
        *,
        app: Flask,
        method: str,
        **_: object,
    ) -> dict[str, Any]:
        if app.extensions.get(LIMITS):
            add_errors(information, HTTPStatus.TOO_MANY_REQUESTS)
            for name, header in DOCUMENTED.items():
                add_header(information, name, header)
        needed: Access = information[MARK](method.upper())
        if needed.scope is None:
            document["security"] = []
            return document
        guard = app.extensions.get(EXTENSION)
        # Where nobody is asked, a key is taken and not looked at.
        anybody: list[dict[str, Any]] = [] if guard and guard.is_on else [{}]
        document["security"] = [*anybody, {SCHEME: [str(needed.scope)]}]
        # The page /docs shows of `security` only that a key is needed.
        said = information["docstring"]
        parts = (said.get("description"), _in_words(needed))
        said["description"] = "\n\n".join(part for part in parts if part)
        add_errors(information, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        return document


def _in_words(needed: Access) -> str:
    bound = ", and must be bound to no user" if needed.of_all else ""
    return f"A key needs the scope `{needed.scope}`{bound}."


def _marked(view: View, needed: Callable[[str], Access]) -> View:
    view = synchronous(view)

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    documentation_of(wrapper)[MARK] = needed
    return wrapper
