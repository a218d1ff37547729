"""Holds calls of Neon's API, and answers to them, against Neon's published contract.

`contract.json` has the operations and schemas that are used, and where they come from;
`extract.py` makes it.
"""

import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

_FORMATS = FormatChecker(["date-time", "uuid", "email"])
# Query parameters are texts; these are what they are read as.
_READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "boolean": {"true": True, "false": False}.__getitem__,
}


class Operation:
    """What may be sent with a method to a path, and what comes back."""

    def __init__(self, written: dict[str, Any], schemas: dict[str, Any]) -> None:
        self.method = written["method"]
        self._written = written
        self._schemas = schemas
        self._path = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", written["path"]))

    def ids(self, path: str) -> dict[str, str] | None:
        """Read the ids of a path; None if it is another operation's."""
        found = self._path.fullmatch(path)
        return found.groupdict() if found else None

    def faults_of_call(self, ids: dict[str, str], query: dict[str, str], body: Any) -> list[str]:
        """List what a call has that the contract has not, and the other way round."""
        known = self._written["query"]["properties"]
        read = {name: _read(known.get(name, {}), text) for name, text in query.items()}
        faults = self._faults(self._written["ids"], ids) + self._faults(
            self._written["query"], read
        )
        if self._written["body"] is not None:
            faults += self._faults(self._written["body"], {} if body is None else body)
        elif body is not None:
            faults.append("a body, where none is wanted")
        return faults

    def faults_of_answer(self, status: int, body: Any) -> list[str]:
        """List what an answer has that the contract has not, and the other way round."""
        answers = self._written["answers"]
        if str(status) not in answers and status < 400:
            return [f"a status {status}"]
        schema = answers.get(str(status), answers["default"])
        if schema is None:
            return [] if body is None else ["a body, where there is none"]
        return self._faults(schema, body)

    def _faults(self, schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "$defs": self._schemas}
        found = Draft202012Validator(whole, format_checker=_FORMATS).iter_errors(value)
        return [f"{error.json_path}: {error.message}" for error in found]


class Contract:
    """The published contract, as far as it is used here."""

    @cached_property
    def operations(self) -> list[Operation]:
        written = json.loads(Path(__file__).with_name("contract.json").read_text())
        return [Operation(one, written["schemas"]) for one in written["operations"]]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation of a method and path, and the ids that the path names."""
        for operation in self.operations:
            ids = operation.ids(path)
            if operation.method == method and ids is not None:
                return operation, ids
        return None


def _read(schema: dict[str, Any], text: str) -> Any:
    try:
        return _READ[schema["type"]](text)
    except (KeyError, ValueError):
        return text


CONTRACT = Contract()
