"""`Location` (RFC 9110, 10.2.2): where a new row is, by the route of the view that shows it.

The last argument of that route is the row's id; those before it are as in the path of the request.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, current_app, request

from smorest_sqlmodel.path import argument_names, fill, parts_of

LOCATION = "Location"


def place_of(view: str, row_id: object) -> str:
    """Write where the row is that a view of the current blueprint shows.

    Raises TypeError for a row without an id.
    """
    if row_id is None:
        message = f"What {request.endpoint} answers with has no id, of which to make its Location."
        raise TypeError(message)
    rule = _rule_of(current_app, f"{request.blueprint}.{view}")
    values = {**(request.view_args or {}), parts_of(rule)[-2]: row_id}
    return request.script_root + fill(rule, values)


def check_place(app: Flask, blueprint: Blueprint, view: str) -> None:
    """Raise TypeError for a view that can't show a row: it isn't there, or takes no id."""
    endpoint = _endpoint_of(app, blueprint, view)
    if endpoint not in app.view_functions or not argument_names(_rule_of(app, endpoint)):
        message = f"The blueprint {blueprint.name!r} has no view {view!r} with an id in its path."
        raise TypeError(message)


def document_place(path: str | None) -> dict[str, Any]:
    """Describe the header; `path` is an example."""
    schema: dict[str, Any] = {"type": "string", "format": "uri-reference"}
    if path:
        schema["examples"] = [path]
    return {"description": "Where the new row is (RFC 9110, 10.2.2).", "schema": schema}


def example_path(
    app: Flask, blueprint: Blueprint, view: str, examples: Mapping[str, str]
) -> str | None:
    """Fill the path of a view with the examples of its arguments, if each of them has one."""
    endpoint = _endpoint_of(app, blueprint, view)
    if endpoint not in app.view_functions:
        return None
    rule = _rule_of(app, endpoint)
    return fill(rule, examples) if argument_names(rule) <= examples.keys() else None


def routes_of(app: Flask, blueprint: Blueprint) -> list[str]:
    """List the routes of a blueprint, as the app has them."""
    own = _endpoint_of(app, blueprint, "")
    return [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(own)]


def _endpoint_of(app: Flask, blueprint: Blueprint, view: str) -> str:
    """Name a view as the app does, which may have the blueprint by several names."""
    names = [name for name, found in app.blueprints.items() if found is blueprint]
    return f"{names[-1]}.{view}"


def _rule_of(app: Flask, endpoint: str) -> str:
    return next(app.url_map.iter_rules(endpoint)).rule
