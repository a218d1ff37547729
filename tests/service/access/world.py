"""A guarded service with the rows of the document's examples, and each kind of caller."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from json_rows import UnitOfWork
from service.domain import examples as example_rows
from service.domain.keys import KEYS
from service.models import examples

FORMAT = KeyFormat("tps", is_production=False)
STRANGER = "0199c0de-0000-7000-8000-00000000f001"

CALLERS = {
    "ingest": ("ingest", None),
    "read": ("read", None),
    "write": ("write", None),
    "admin": ("admin", None),
    "owner": ("write", examples.USER),
    "friend": ("write", examples.FRIEND),
    "stranger": ("write", STRANGER),
}
"""Who has a key that is good: its scope, and the user that it is bound to.

The rows of the examples are the owner's; the friend is an editor of the itinerary.
"""

_addresses = count()


@dataclass(frozen=True)
class Operation:
    """What the document says of a method and a path, ready to be sent."""

    method: str
    rule: str
    ids: dict[str, Any]
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body_ids: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    def path(self, **others: Any) -> str:
        return self.rule.format(**self.ids | others)


class World:
    """The service, its keys, and its rows, which are put back when somebody has changed them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.database = app.extensions["database"]
        self._client = app.test_client()
        self._is_changed = True
        self.keys: dict[str, str] = {}
        self.wrong: dict[str, str] = {}
        self.sent: list[str] = []
        self._put_rows_back()
        self._make_keys()
        kept = "SELECT json_agg(row_to_json(api_keys))::text FROM api_keys WHERE name = 'matrix'"
        ((self._kept,),) = self._run(kept)
        self.database.listeners.append(lambda sent: self.sent.append(sent.sql))

    def _run(self, sql: str, **parameters: Any) -> Any:
        with UnitOfWork(self.database) as work:
            return work.execute(sql, parameters)

    def _make_keys(self) -> None:
        for caller, (scope, user) in CALLERS.items():
            self.keys[caller] = self._make_key(scope, user)
        past, ahead = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
        expired, revoked = self._make_key("admin", None, ahead), self._make_key("admin", None)
        for column, key in (("expires_at", expired), ("revoked_at", revoked)):
            self._run(
                f"UPDATE api_keys SET {column} = %(past)s WHERE digest = sha256(%(key)s::bytea)",
                past=past,
                key=key,
            )
        good = self.keys["admin"]
        last = "1" if good[-1] != "1" else "2"
        self.wrong = {
            "expired": f"Bearer {expired}",
            "revoked": f"Bearer {revoked}",
            "unknown": f"Bearer {FORMAT.make()}",
        }
        self.unread = {
            "broken checksum": f"Bearer {good[:-1]}{last}",
            "production's": f"Bearer {KeyFormat('tps', is_production=True).make()}",
            "cut off": f"Bearer {good[:30]}",
            "JWT": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
            "share token": "Bearer 6wkGvQ0Yw1cRr4yGm3oC2xZ5",
            "Basic": "Basic dXNlcjpwYXNzd29yZA==",
            "two": f"Bearer {good}, Bearer {good}",
            "none in it": "Bearer",
        }

    def _make_key(self, scope: str, user: str | None, until: datetime | None = None) -> str:
        body = {"name": "matrix", "scopes": [scope], "user_id": user}
        made = KeyCreate.model_validate_json(json.dumps(body))
        if until:
            made = made.model_copy(update={"expires_at": until})
        key = FORMAT.make()
        with UnitOfWork(self.database) as work:
            work.run(KEYS.create(key, made, None))
        return key

    def _put_rows_back(self) -> None:
        with UnitOfWork(self.database) as work:
            example_rows.restore(work)
        self._run(
            "INSERT INTO users (id, username) VALUES (%(id)s, '낯선') ON CONFLICT DO NOTHING",
            id=STRANGER,
        )
        if self.keys:
            # Those of a person who was erased have gone, too.
            self._run(
                "INSERT INTO api_keys SELECT * FROM json_populate_recordset(NULL::api_keys,"
                " %(rows)s::json) ON CONFLICT (id) DO NOTHING", rows=self._kept
            )  # fmt: skip
        self._is_changed = False

    def send(
        self, authorization: str | None, method: str, path: str, **options: Any
    ) -> TestResponse:
        """Send a request as whoever has a key, from an address of its own."""
        if self._is_changed:
            self._put_rows_back()
        headers = dict(options.pop("headers", {}))
        if authorization is not None:
            headers["Authorization"] = authorization
        number = next(_addresses)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        answer = self._client.open(
            path,
            method=method,
            headers=headers,
            environ_base={"REMOTE_ADDR": address},
            **options,
        )
        self._is_changed = method not in {"GET", "HEAD", "OPTIONS"} and answer.status_code < 300
        return answer

    def keep_changes(self) -> None:
        """Let what the last request has changed stay as it is, until it is forgotten."""
        self._is_changed = False

    def forget_changes(self) -> None:
        """Have the rows put back before the next request."""
        self._is_changed = True

    def do(self, caller: str | None, operation: Operation, **others: Any) -> TestResponse:
        """Send what the document shows of an operation, as a kind of caller or as nobody."""
        authorization = f"Bearer {self.keys[caller]}" if caller in self.keys else caller
        return self.send(
            authorization,
            operation.method,
            operation.path(),
            **{"json": operation.body, "headers": operation.headers, **others},
        )

    def contents(self) -> Any:
        """Tell how many rows each table has, and which versions those have that count any."""
        if self._is_changed:
            self._put_rows_back()
        tables = self._run(
            "SELECT relname FROM pg_stat_user_tables WHERE relname <> 'audit_events' ORDER BY 1"
        )
        counts = ", ".join(f"(SELECT count(*) FROM {name})" for (name,) in tables)
        versions = ", ".join(
            f"(SELECT sum(version) FROM {name})" for name in ("users", "workflows", "itineraries")
        )
        return self._run(f"SELECT {counts}, {versions}")


def operations(app: Flask) -> Iterator[Operation]:
    """Read all operations of the document, with their examples."""
    document: Any = app.test_client().get("/openapi.json").json
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method, said in item.items():
            if method == "parameters":
                continue
            every = [*shared, *said.get("parameters", [])]
            parameters = {(each["in"], each["name"]): each for each in every}.values()
            content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                method.upper(),
                path,
                {each["name"]: _example(each) for each in parameters if each["in"] == "path"},
                content.get("example"),
                {
                    each["name"]: "*"
                    for each in parameters
                    if (each["in"], each["name"]) == ("header", "If-Match")
                },
                {
                    each["name"]: each["schema"]
                    for each in parameters
                    if each["in"] == "query"
                },
                frozenset(_ids_of(content.get("schema", {}), document["components"]["schemas"])),
            )  # fmt: skip


def _example(parameter: dict[str, Any]) -> Any:
    return parameter.get("example", examples.PATH.get(parameter["name"]))


def _ids_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """Find the members of a body that are ids."""
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name, member in schema.get("properties", {}).items():
        if any(each.get("format") == "uuid" for each in [member, *member.get("anyOf", [])]):
            yield name


def is_id(schema: dict[str, Any]) -> bool:
    """Tell whether a parameter is an id."""
    return any(each.get("format") == "uuid" for each in [schema, *schema.get("anyOf", [])])
