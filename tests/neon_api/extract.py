"""Takes what `flask neon` uses out of Neon's OpenAPI document, as `contract.json`.

The document comes with the npm package `@neondatabase/api-client`:

    npm pack @neondatabase/api-client && tar xzf neondatabase-api-client-*.tgz
    python -m tests.neon_api.extract package

Names, types and bounds are taken, no prose. Members that an object does not name are made errors,
so that what is misspelt or made up shows.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Schema = dict[str, Any]

CONTRACT = Path(__file__).with_name("contract.json")
_BRANCH = "/projects/{project_id}/branches/{branch_id}"
_OPERATIONS = (
    ("get", "/projects"),
    ("get", "/projects/shared"),
    ("get", "/projects/{project_id}"),
    ("get", "/users/me/organizations"),
    ("get", "/projects/{project_id}/branches"),
    ("post", "/projects/{project_id}/branches"),
    ("get", _BRANCH),
    ("patch", _BRANCH),
    ("delete", _BRANCH),
    ("post", f"{_BRANCH}/restore"),
    ("get", f"{_BRANCH}/compare_schema"),
    ("get", f"{_BRANCH}/databases"),
    ("get", f"{_BRANCH}/roles"),
    ("get", f"{_BRANCH}/endpoints"),
    ("get", "/projects/{project_id}/connection_uri"),
    ("get", "/projects/{project_id}/operations"),
    ("get", "/projects/{project_id}/operations/{operation_id}"),
)
_TAKEN = {
    *("type", "format", "pattern", "enum", "required"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
}


class Extract:
    """The operations, and the schemas that they lead to, as JSON Schema 2020-12."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._schemas: dict[str, Schema] = {}

    def written(self, source: str) -> dict[str, Any]:
        """Write all of it, with where it comes from."""
        operations = [self._operation(method, path) for method, path in _OPERATIONS]
        return {"source": source, "operations": operations, "schemas": self._schemas}

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        item = self._document["paths"][path]
        found = item[method]
        given = [*item.get("parameters", []), *found.get("parameters", [])]
        parameters = [self._resolved(one) for one in given]
        answers = found["responses"].items()
        return {
            "method": method.upper(),
            "path": path,
            "ids": self._of_parameters(parameters, "path"),
            "query": self._of_parameters(parameters, "query"),
            "body": self._of_content(found.get("requestBody", {})),
            "answers": {str(status): self._of_content(answer) for status, answer in answers},
        }

    def _of_parameters(self, parameters: list[Any], place: str) -> Schema:
        found = [one for one in parameters if one["in"] == place]
        return {
            "type": "object",
            "properties": {one["name"]: self._schema(one["schema"]) for one in found},
            "required": sorted(one["name"] for one in found if one.get("required")),
            "additionalProperties": False,
        }

    def _of_content(self, holder: Any) -> Schema | None:
        content = self._resolved(holder).get("content")
        return self._schema(content["application/json"]["schema"]) if content else None

    def _resolved(self, item: Any) -> Any:
        while "$ref" in item:
            found: Any = self._document
            for name in item["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            item = found
        return item

    def _schema(self, given: Any) -> Schema:
        if "$ref" not in given:
            return self._taken(given)
        name = given["$ref"].rpartition("/")[2]
        if name not in self._schemas:
            self._schemas[name] = self._taken(self._resolved(given))
        return {"$ref": f"#/$defs/{name}"}

    def _taken(self, given: Any) -> Schema:
        """Take a schema of OpenAPI 3.0, with the parts of an `allOf` in one."""
        taken = {name: _plain(value) for name, value in given.items() if name in _TAKEN}
        if "items" in given:
            taken["items"] = self._schema(given["items"])
        members = {name: self._schema(one) for name, one in given.get("properties", {}).items()}
        for part in given.get("allOf", []):
            merged = self._taken(self._resolved(part))
            members |= merged.pop("properties", {})
            taken["required"] = sorted({*taken.get("required", []), *merged.pop("required", [])})
            taken |= merged
        if members:
            taken |= {"properties": members, "additionalProperties": False}
        if given.get("nullable"):
            taken["type"] = [taken["type"], "null"]
        return taken


def _plain(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    package = Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    name = "public-v2-for-users.gen.yaml"
    loaded = YAML(typ="safe").load(package / name)
    taken = Extract(loaded).written(f"{name} of npm's @neondatabase/api-client {version}")
    CONTRACT.write_text(json.dumps(taken, indent=1, sort_keys=True) + "\n")
