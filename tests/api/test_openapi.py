"""The OpenAPI document: it is valid, and it tells the truth."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

NO_NUL = r"^[^\u0000]*$"

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(app) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/openapi.json").json
    return found


@pytest.fixture(scope="module")
def operations(document) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_it_is_a_valid_openapi_3_1_document(document):
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_documented(app, operations):
    documented = {re.sub(r"{\w+}", "{}", name) for name in operations}
    served = {
        f"{method} {re.sub(r'<[^>]+>', '{}', rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1") or rule.rule in {"/healthz", "/readyz"}
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert documented == served


def test_every_operation_has_a_summary_and_an_id_of_its_own(operations):
    assert all(operation["summary"].endswith(".") for operation in operations.values())
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


def test_every_error_that_can_happen_is_documented(operations):
    for name, operation in operations.items():
        responses = set(operation["responses"])
        assert {"422", "503", "default"} <= responses, name
        assert ("404" in responses) == ("{" in name and "by-username" not in name) or (
            "by-username" in name
        ), name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= responses, name
        if name.startswith("POST"):
            assert "409" in responses, name
        headers = {item["name"] for item in operation.get("parameters", []) if "name" in item}
        if "If-Match" in headers:
            assert "412" in responses, name
    assert "428" in operations["PATCH /v1/users/{user_id}"]["responses"]
    assert "428" not in operations["PATCH /v1/workflows/{workflow_id}"]["responses"]


def test_errors_are_problem_details(document):
    for response in document["components"]["responses"].values():
        assert response["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
    unavailable = document["components"]["responses"]["SERVICE_UNAVAILABLE"]
    assert "Retry-After" in unavailable["headers"]


def test_headers_are_documented(operations):
    created = operations["POST /v1/users"]["responses"]["201"]
    assert {"ETag", "Location", "Idempotency-Replayed", "Read-After"} == set(created["headers"])
    assert "Link" in operations["GET /v1/users"]["responses"]["200"]["headers"]
    assert "ETag" in operations["GET /v1/users/{user_id}"]["responses"]["304"]["headers"]
    names = {item["name"] for item in operations["GET /v1/users/{user_id}"]["parameters"]}
    assert names == {"fields", "If-None-Match", "Read-After"}


def test_schemas_say_what_is_required_nullable_bounded_and_default(document):
    schemas = document["components"]["schemas"]
    create = schemas["WorkflowCreate"]
    assert set(create["required"]) == {"user_id", "user_input"}
    assert create["additionalProperties"] is False
    properties = create["properties"]
    assert properties["user_input"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 8000,
        "pattern": NO_NUL,
        "description": "The wish, as the person typed it.",
        "examples": ["홍대에서 데이트하고 싶어"],
    }
    radius = properties["search_radius_m"]
    assert (radius["minimum"], radius["maximum"], radius["default"]) == (100, 20000, 2000)
    assert properties["session_id"]["anyOf"] == [
        {"type": "string", "maxLength": 255, "pattern": NO_NUL},
        {"type": "null"},
    ]
    assert "metadata" in properties
    assert properties["user_id"]["format"] == "uuid"
    assert schemas["WorkflowStatus"]["enum"] == [
        "running",
        "awaiting_input",
        "completed",
        "failed",
        "cancelled",
    ]


def test_schemas_say_what_the_database_can_not_hold(document):
    schemas = document["components"]["schemas"]
    value = {"$ref": "#/components/schemas/JsonValue"}
    assert schemas["NodeComplete"]["properties"]["output"]["$ref"] == value["$ref"]
    metadata = schemas["WorkflowCreate"]["properties"]["metadata"]["anyOf"][0]
    assert metadata == {
        "type": "object",
        "propertyNames": {"pattern": NO_NUL},
        "additionalProperties": value,
    }
    started = schemas["WorkflowCreate"]["properties"]["started_at"]["anyOf"][0]
    assert re.match(started["pattern"], "2999-12-31T00:00:00Z")
    assert not re.match(started["pattern"], "3000-01-01T00:00:00Z")
    assert re.match(started["pattern"], "2026-01-01T00:00:00-15:59")
    assert not re.match(started["pattern"], "2026-01-01T00:00:00+16:00")
    assert schemas["UserCreate"]["properties"]["timezone"]["format"] == "time-zone"
    # What goes out is what came in: nobody has to check it again.
    assert "$ref" not in schemas["NodeRead"]["properties"]["output"]


def test_what_goes_out_is_always_there(document):
    schemas = document["components"]["schemas"]
    for name in ("UserRead", "WorkflowRead", "NodeRead", "GenerationRead", "ModelPriceRead"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
    price = schemas["ModelPriceRead"]["properties"]["input_per_million"]
    assert price["type"] == "number"
    assert "required" not in schemas["UserUpdate"]
    assert schemas["UserFields"]["required"] == ["id"]
    assert schemas["UserUpdate"]["properties"]["username"]["type"] == "string"


def test_parameters_are_one_each_and_never_null(operations):
    parameters = {item["name"]: item for item in operations["GET /v1/workflows"]["parameters"]}
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "default": 50,
        "minimum": 1,
        "maximum": 200,
    }
    assert parameters["status"]["schema"]["type"] == "array"
    assert (parameters["fields"]["style"], parameters["fields"]["explode"]) == ("form", False)
    assert not any(item["required"] for item in parameters.values())
    assert "null" not in str([item["schema"] for item in parameters.values()])


def test_references_lead_somewhere(document):
    text = str(document)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"]
    for name in set(re.findall(r"#/components/responses/(\w+)", text)):
        assert name in document["components"]["responses"]


def test_the_docs_page_needs_nothing_from_elsewhere(client):
    page = client.get("/docs/")
    assert page.status_code == 200
    assert '"/openapi.json"' in client.get("/docs/start.js").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    for source in sources:
        assert not source.startswith(("http:", "https:", "//"))
        with client.get(source if source.startswith("/") else f"/docs/{source}") as asset:
            assert asset.status_code == 200
