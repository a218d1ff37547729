"""How much a body may hold is named wherever it lists things, and more than that is refused."""

import pytest

from tests.service.access.routes import MATRIX


def arrays(schema, schemas, path=""):
    """Find the lists in a body, by where they are."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for each in schema.get("anyOf", []):
        yield from arrays(each, schemas, path)
    # Any JSON is kept as it is: as large as a body may be.
    if schema.get("type") == "array" and schema.get("items"):
        yield path, schema
        yield from arrays(schema["items"], schemas, f"{path}/0")
    for name, member in schema.get("properties", {}).items():
        yield from arrays(member, schemas, f"{path}/{name}")


@pytest.fixture(scope="module")
def lists(world):
    """All lists in bodies, by operation and place."""
    document = world.app.test_client().get("/openapi.json").get_json()
    found = {}
    for path, item in document["paths"].items():
        for method, said in item.items():
            content = said.get("requestBody", {}) if method != "parameters" else {}
            schema = content.get("content", {}).get("application/json", {}).get("schema", {})
            for place, array in arrays(schema, document["components"]["schemas"]):
                found[f"{method.upper()} {path}", place] = array
    return found


def test_each_list_in_a_body_says_how_long_it_may_be(lists):
    endless = [key for key, array in lists.items() if "maxItems" not in array]
    assert not endless
    assert ("POST /v1/itineraries", "/items") in lists


def test_ten_thousand_rows_in_a_body_are_refused_with_the_limit(world, documented, lists, pointers):
    tried = 0
    for (name, place), array in lists.items():
        operation = documented[name]
        member = place.removeprefix("/")
        if name not in MATRIX or "/" in member or not isinstance(operation.body, dict):
            continue
        one = operation.body.get(member) or array["items"].get("examples") or ["x"]
        body = operation.body | {member: [one[0]] * 10_000}
        answer = world.do("admin", operation, json=body)
        assert pointers(answer) == [place], (name, answer.get_data(as_text=True)[:300])
        (error,) = answer.get_json()["errors"]
        assert str(array["maxItems"]) in error["message"], error
        tried += 1
    assert tried
