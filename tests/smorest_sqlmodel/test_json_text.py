"""Bodies that are built to cost: each is refused early, with what is wrong with it."""

import json
from io import BytesIO

import pytest

MIB = 1024 * 1024


@pytest.fixture
def run(make):
    return f"/v1/workflows/{make.workflow()['id']}"


def patch(client, run, text):
    return client.patch(run, data=text, content_type="application/json")


def nested(levels, opening="[", closing="]"):
    return '{"metadata": {"x": ' + opening * levels + closing * levels + "}}"


def test_a_body_may_be_nested_a_hundred_levels_deep_and_no_deeper(client, run, problem):
    assert patch(client, run, nested(98)).status_code == 200
    for text in (nested(99), nested(20_000), nested(99, '{"x":[', "]}"), "[" * 150_000):
        (error,) = problem(patch(client, run, text), 400)["errors"]
        assert (error["pointer"], error["code"]) == ("", "too_deep")


def test_brackets_in_strings_are_no_nesting(client, run):
    for text in ("[" * 5000, '\\"' + "{" * 5000, "\\\\", '\\\\\\"' + "[" * 5000):
        metadata = {"x": json.loads(f'"{text}"')}
        response = client.patch(f"{run}?fields=metadata", json={"metadata": metadata})
        assert response.status_code == 200, response.text
        assert response.json["metadata"] == metadata


@pytest.mark.parametrize(
    "text",
    [
        '{"metadata": {"x": [' + "0," * 200_000 + "0]}}",
        '{"metadata": {"x": [' + '"ab",' * 450_000 + "0]}}",
        '{"metadata": {"x": [' + "[]," * 110_000 + "[]]}}",
        '"' * 1_000_000,
    ],
    ids=["numbers", "strings", "arrays", "quotes"],
)
def test_a_body_of_too_many_values_is_refused(client, run, problem, text):
    assert "200000 values" in problem(patch(client, run, text), 413)["detail"]


def test_what_closes_more_than_it_opens_is_no_json(client, run, problem):
    text = "[]" * 101 + "]" * 2_000_000
    (error,) = problem(patch(client, run, text), 400)["errors"]
    assert error["code"] == "json_invalid"


def test_a_body_that_is_too_large_is_refused_unread(client, run, problem):
    text = json.dumps({"metadata": {"x": "x" * 4 * MIB}})
    problem(patch(client, run, text), 413)
    assert patch(client, run, json.dumps({"metadata": {"x": "x" * 3 * MIB}})).status_code == 200


def test_a_body_of_unknown_length_has_the_same_limit(client, run, problem):
    def send(text):
        return client.patch(
            run,
            input_stream=BytesIO(text.encode()),
            content_type="application/json",
            # What servers set for a body that comes in chunks (and has no Content-Length).
            environ_overrides={"wsgi.input_terminated": True},
        )

    assert send('{"name": "in chunks"}').json["name"] == "in chunks"
    problem(send(json.dumps({"metadata": {"x": "x" * 5 * MIB}})), 413)


def test_a_body_that_ends_too_early_is_refused(client, run, problem):
    response = client.patch(
        run,
        data=b'{"name": "x"}',
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "99"},
    )
    problem(response, 400)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "GZIP"])
def test_a_compressed_body_is_refused_and_told_why(client, run, problem, coding):
    response = client.patch(
        run, data=b"\x1f\x8b", content_type="application/json", headers={"Content-Encoding": coding}
    )
    assert "compressed" in problem(response, 415)["detail"]
    assert response.headers["Accept-Encoding"] == "identity"


def test_of_many_bad_values_the_first_are_named(client, run, pointers, problem):
    names = {f"unknown{number}": 1 for number in range(300)}
    assert len(pointers(client.patch(run, json=names))) == 50
    many = problem(client.patch(run, json={str(number): 1 for number in range(5000)}), 422)
    assert "errors" not in many
    assert "5000" in many["detail"]


def test_a_name_that_nobody_would_read_is_cut_in_the_answer(client, run, pointers):
    (pointer,) = pointers(client.patch(run, json={"x" * MIB: 1}))
    assert len(pointer) < 300


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (r'{"metadata": {"x": "a\u0000b"}}', "/metadata/x"),
        (r'{"metadata": {"x": [1, {"\u0000": 1}]}}', "/metadata/x/1"),
        (r'{"metadata": {"x": "\ud800"}}', "/metadata/x"),
        (r'{"metadata": {"x": 1e308}}', "/metadata/x"),
        (r'{"metadata": {"x": -1E-300}}', "/metadata/x"),
        (r'{"metadata": {"x": 1' + "0" * 41 + "}}", "/metadata/x"),
        (r'{"metadata": {"x": 1e-400}}', "/metadata/x"),
        ('{"metadata": {"x": %s}}' % ("1" * 400), "/metadata/x"),
        ('{"metadata": {"x": -%s}}' % ("9" * 4300), "/metadata/x"),
        (r'{"metadata": {"x": {"\ud800": 1, "\ud800": 2}}}', "/metadata/x"),
        (r'{"metadata": {"x": -0.5E-4000}}', "/metadata/x"),
        ('{"metadata": {"x": 0.' + "0" * 400 + "1}}", "/metadata/x"),
        (r'{"metadata": {"x": NaN}}', "/metadata/x"),
        (r'{"metadata": {"a/b~c": [-Infinity]}}', "/metadata/a~1b~0c/0"),
    ],
)
def test_what_postgres_can_not_hold_is_pointed_to(client, run, pointers, text, pointer):
    assert pointers(patch(client, run, text)) == [pointer]


@pytest.mark.parametrize(
    "text",
    [
        r'{"metadata": {"x": "\\u0000 \\ud800 NaN 1e308"}}',
        r'{"metadata": {"x": "\ud83d\ude00"}}',
        r'{"metadata": {"x": [1e22, -1e-39, 0e99, 0.0, -0.0e-400]}}',
        '{"metadata": {"x": 0.' + "0" * 400 + "}}",
        r'{"metadata": {"x": [9007199254740993, -9223372036854775809, 1e-40]}}',
        r'{"metadata": {"x": 1234567890123456789012345678901234567890}}',
    ],
)
def test_what_only_looks_like_it_is_kept(client, run, text):
    response = patch(client, f"{run}?fields=metadata", text)
    assert response.status_code == 200, response.text
    assert response.json["metadata"] == json.loads(text)["metadata"]


@pytest.mark.parametrize(
    ("text", "pointers_there"),
    [
        ('{"name": "a", "name": "b"}', ["/name"]),
        (r'{"name": "a", "n\u0061me": "a"}', ["/name"]),
        (
            r'{"metadata": {"a/b": 1, "a\/b": 2, "x": [{"": 1, "": 2}]}}',
            ["/metadata/a~1b", "/metadata/x/0/"],
        ),
        ('{"metadata": {"x": {"y": [[{"가": 1, "가": 1}]]}}}', ["/metadata/x/y/0/0/가"]),
        ('{"nobody": 1, "nobody": 2}', ["/nobody"]),
    ],
)
def test_a_name_stands_once_in_an_object(client, run, problem, text, pointers_there):
    """Of two values parsers take different ones: what one part checks, another would not see."""
    errors = problem(patch(client, run, text), 422)["errors"]
    assert sorted(error["pointer"] for error in errors) == pointers_there
    assert {error["code"] for error in errors} == {"given_twice"}


def test_a_name_may_stand_in_many_objects(client, run):
    metadata = {"x": {"x": [{"x": 1, "\\": 1, '"': 1, '\\"': 1}, {"x": 1, "X": 1}]}}
    client.patch(run, json={"metadata": metadata})
    assert client.get(run).json["metadata"] == metadata


def test_a_price_that_would_become_0_is_refused(client, pointers):
    for text in ("1e-400", "0." + "0" * 400 + "1", '"0.0000000001"', "1e-10"):
        body = f'{{"provider": "p", "model": "m", "input_per_million": {text}}}'
        answer = client.post("/v1/model-prices", data=body, content_type="application/json")
        assert "/input_per_million" in pointers(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a\x00b"}',
        b"{'name': 'x'}",
        b'{"name": "x"} {}',
        b'{"metadata": {"x": ' + b"9" * 5000 + b"}}",
        b'{"metadata": {"x": 0' + b"0" * 5000 + b"}}",
    ],
)
def test_what_is_no_json_is_a_bad_request(client, run, problem, body):
    (error,) = problem(patch(client, run, body), 400)["errors"]
    assert error["code"] == "json_invalid"
