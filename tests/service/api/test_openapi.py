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


def test_every_operation_has_a_summary_a_sentence_and_an_id_of_its_own(operations):
    for name, operation in operations.items():
        assert re.fullmatch(r"[A-Z][^.;]+\.", operation["summary"]), name
        assert re.fullmatch(r"[A-Z].+\.", operation["description"], re.DOTALL), name
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
    of_limits = {"RateLimit", "RateLimit-Policy"}
    of_rows = {"ETag", "Location", "Idempotency-Replayed", "Read-After"}
    assert of_rows | of_limits == set(created["headers"])
    assert "Link" in operations["GET /v1/users"]["responses"]["200"]["headers"]
    assert "ETag" in operations["GET /v1/users/{user_id}"]["responses"]["304"]["headers"]
    names = {item["name"] for item in operations["GET /v1/users/{user_id}"]["parameters"]}
    assert names == {"fields", "If-None-Match", "Read-After"}


def test_schemas_say_what_is_required_nullable_bounded_and_default(document):
    schemas = document["components"]["schemas"]
    create = schemas["WorkflowCreate"]
    # Callers that are bound to a user leave out whose it is.
    assert set(create["required"]) == {"user_input"}
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
    assert (radius["minimum"], radius["maximum"]) == (100, 20000)
    assert radius["description"] == "Metres. Left out: 2000."
    assert properties["session_id"]["anyOf"] == [
        {"type": "string", "maxLength": 255, "pattern": NO_NUL},
        {"type": "null"},
    ]
    assert "metadata" in properties
    assert properties["user_id"]["anyOf"][0]["format"] == "uuid"
    assert schemas["WorkflowStatus"]["enum"] == [
        "running",
        "awaiting_input",
        "completed",
        "failed",
        "cancelled",
    ]


def test_schemas_say_what_the_database_can_not_hold(document):
    schemas = document["components"]["schemas"]
    started = schemas["WorkflowCreate"]["properties"]["started_at"]["anyOf"][0]
    assert re.match(started["pattern"], "2999-12-31T00:00:00Z")
    assert not re.match(started["pattern"], "3000-01-01T00:00:00Z")
    assert re.match(started["pattern"], "2026-01-01T00:00:00-15:59")
    assert not re.match(started["pattern"], "2026-01-01T00:00:00+16:00")
    assert schemas["UserCreate"]["properties"]["timezone"]["format"] == "time-zone"


def test_free_json_is_any_json(document):
    """Generators of clients know no better: a recursive type breaks them."""
    schemas = document["components"]["schemas"]
    for name in ("NodeComplete", "NodeRead"):
        output = schemas[name]["properties"]["output"]
        assert output == {"description": "Any JSON.", "examples": [{"places": ["홍대 미술관"]}]}
    metadata = schemas["WorkflowCreate"]["properties"]["metadata"]["anyOf"][0]
    assert metadata == {"type": "object", "additionalProperties": True}


def test_nothing_is_by_default_what_a_client_would_have_to_send(document):
    for name, schema in document["components"]["schemas"].items():
        assert "default" not in str(schema.get("properties", {})), name


def test_every_value_that_somebody_fills_in_has_an_example(document, operations):
    schemas = document["components"]["schemas"]

    def has_example(schema: dict[str, Any]) -> bool:
        return "examples" in schema or any(map(has_example, schema.get("anyOf", [])))

    filled = set()
    for name, operation in operations.items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in content, name
            filled.add(content["schema"]["$ref"].rpartition("/")[2])
        for parameter in operation.get("parameters", []):
            # Only the service makes cursors: one of the document's would be of no list.
            is_filled = parameter["name"] != "cursor"
            assert is_filled == ("example" in parameter or has_example(parameter["schema"])), name
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", []):
            assert "example" in parameter or "username" in path
    assert {"UserCreate", "WorkflowUpdate", "NodeFail", "ModelPriceCreate"} <= filled
    for name in (*filled, "TimeSettings", "TimeSettingsInput"):
        for member, schema in schemas[name]["properties"].items():
            assert has_example(schema), (name, member)


def test_examples_are_what_the_service_takes(document, operations):
    """As Try it out would send them; the page itself is held to it by test_docs_page.py."""
    for operation in operations.values():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            assert set(content["example"]) <= set(schema["properties"])
            assert set(schema.get("required", [])) <= set(content["example"])


def test_rows_are_of_one_type_and_sparse_ones_are_described(document, operations):
    schemas = document["components"]["schemas"]
    answer = operations["GET /v1/workflows/{workflow_id}"]["responses"]["200"]["content"]
    assert answer["application/json"]["schema"] == {"$ref": "#/components/schemas/WorkflowRead"}
    page = schemas["WorkflowPage"]["properties"]["items"]
    assert page["items"] == {"$ref": "#/components/schemas/WorkflowItem"}
    item = schemas["WorkflowItem"]
    assert set(item["properties"]) - set(item["required"]) == {
        *("user_intent", "metadata", "final_itinerary")
    }
    assert not any(name.endswith("Fields") for name in schemas)


def test_the_entries_of_a_timeline_are_told_apart_by_their_kind(document):
    schemas = document["components"]["schemas"]
    items = schemas["TimelinePage"]["properties"]["items"]["items"]
    assert items["discriminator"] == {
        "propertyName": "kind",
        "mapping": {
            "node": "#/components/schemas/TimelineNode",
            "generation": "#/components/schemas/TimelineGeneration",
            "interaction": "#/components/schemas/TimelineInteraction",
        },
    }
    assert schemas["TimelineNode"]["properties"]["kind"]["const"] == "node"
    assert schemas["TimelineNode"]["properties"]["generation"]["type"] == "null"
    assert schemas["TimelineInteraction"]["properties"]["node"]["type"] == "null"


def test_the_members_of_a_conflict_are_typed(document):
    problem = document["components"]["schemas"]["Problem"]
    members = problem["properties"]
    assert members["current"]["type"] == "string"
    assert (members["allowed"]["type"], members["allowed"]["items"]) == (
        "array",
        {"type": "string"},
    )
    assert set(problem["required"]) == {"type", "title", "status", "detail", "instance"}


def test_it_says_where_the_service_is_and_that_nobody_has_to_say_who_they_are(document):
    assert [server["url"] for server in document["servers"]] == ["/"]
    assert document["paths"]["/v1/users"]["get"]["security"] == [{}, {"key": ["admin"]}]
    assert document["info"]["license"]["identifier"] == "MIT"


def test_what_goes_out_is_always_there(document):
    schemas = document["components"]["schemas"]
    for name in ("UserRead", "WorkflowRead", "NodeRead", "GenerationRead", "ModelPriceRead"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
    price = schemas["ModelPriceRead"]["properties"]["input_per_million"]
    assert price["type"] == "number"
    assert "required" not in schemas["UserUpdate"]
    assert schemas["UserUpdate"]["properties"]["username"]["type"] == "string"


def test_parameters_are_one_each_and_never_null(operations):
    parameters = {item["name"]: item for item in operations["GET /v1/workflows"]["parameters"]}
    assert parameters["limit"]["schema"] == {
        "type": "integer",
        "default": 50,
        "minimum": 1,
        "maximum": 200,
        "examples": [20],
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
