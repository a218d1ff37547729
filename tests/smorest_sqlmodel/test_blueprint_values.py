"""Every kind of field in every place of a request: taken as documented, or refused at once."""

import io
import json
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from itertools import product
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from openapi_spec_validator import validate
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    RootModel,
    SecretStr,
    StrictInt,
    create_model,
)
from werkzeug.datastructures import FileStorage

from smorest_sqlmodel import COMMA_SEPARATED, Api, Blueprint, UploadedFile


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(Enum):
    WORD = "word"
    NUMBER = 7


class Pet(BaseModel):
    name: str
    colour: Colour | None = None


class Branch(BaseModel):
    value: int
    branches: list["Branch"] = []


class Texts(RootModel[list[str]]):
    pass


TEXT_LOCATIONS = ("query", "form", "files", "headers", "cookies", "path")

ONE: dict[str, tuple[Any, str, Any]] = {
    "str": (str, "홍대", "홍대"),
    "int": (int, "5", 5),
    "bounded": (Annotated[int, Field(ge=100)], "100", 100),
    "float": (float, "1.5", 1.5),
    "bool": (bool, "true", True),
    "Decimal": (Decimal, "1.10", Decimal("1.10")),
    "datetime": (datetime, "2026-01-11T14:00:00Z", datetime(2026, 1, 11, 14, tzinfo=UTC)),
    "date": (date, "2026-01-11", date(2026, 1, 11)),
    "time": (time, "14:00", time(14)),
    "timedelta": (timedelta, "PT1H", timedelta(hours=1)),
    "UUID": (
        UUID,
        "0199c0de-0000-7000-8000-000000000001",
        UUID(int=0x0199C0DE000070008000000000000001),
    ),
    "enum": (Colour, "red", Colour.RED),
    "number enum": (Level, "2", Level.HIGH),
    "literal": (Literal["a", "b"], "b", "b"),
    "union": (int | Colour, "red", Colour.RED),
    "nullable": (int | None, "5", 5),
    "Any": (Any, "x", "x"),
    "secret": (SecretStr, "x", SecretStr("x")),
    "JSON": (Json[dict[str, int]], '{"a": 1}', {"a": 1}),
}
"""Kinds of one value: the type, a text of it, and what the view gets."""

SEVERAL: dict[str, tuple[Any, list[str], Any]] = {
    "list": (list[int], ["1", "2"], [1, 2]),
    "list of one": (list[int], ["1"], [1]),
    "nullable list": (list[int] | None, ["1", "2"], [1, 2]),
    "set": (set[Colour], ["red", "blue"], {Colour.RED, Colour.BLUE}),
    "set of one": (set[Colour] | None, ["red"], {Colour.RED}),
    "frozenset": (frozenset[int], ["1", "2"], frozenset({1, 2})),
    "Sequence": (Sequence[int], ["1", "2"], [1, 2]),
    "Sequence of one": (Sequence[int], ["1"], [1]),
    "pair": (tuple[int, Colour], ["1", "red"], (1, Colour.RED)),
    "tuple": (tuple[int, ...], ["1", "2"], (1, 2)),
    "tuple of one": (tuple[int, ...] | None, ["1"], (1,)),
    "deque": (deque[int], ["1", "2"], deque([1, 2])),
    "root model": (Texts, ["a", "b"], Texts(["a", "b"])),
    "list or value": (int | list[int], ["1", "2"], [1, 2]),
}
"""Kinds of several values, likewise."""

NEVER: dict[str, Any] = {
    "dict": dict[str, int],
    "nullable dict": dict[str, str] | None,
    "model": Pet,
    "nullable model": Pet | None,
    "recursive model": Branch,
    "list of models": list[Pet],
    "list of lists": list[list[int]],
    "list of dicts": list[dict[str, int]],
    "model or text": Pet | str,
    "dict or list": dict[str, int] | list[int],
    "file": UploadedFile,
    "files": list[UploadedFile],
    "strict": StrictInt,
    "number literal": Literal[1, 2],
    "number in an enum": Mixed,
    "callable": Callable[[], int],
    "separated value": Annotated[int, COMMA_SEPARATED],
}
"""What texts can't say as the document would."""

JSON_PARTS = {
    "dict": ('{"a": 1}', {"a": 1}),
    "nullable dict": ('{"a": "b"}', {"a": "b"}),
    "model": ('{"name": "나비", "colour": "red"}', Pet(name="나비", colour=Colour.RED)),
    "nullable model": ('{"name": "나비"}', Pet(name="나비")),
    "recursive model": (
        '{"value": 1, "branches": [{"value": 2}]}',
        Branch(value=1, branches=[Branch(value=2)]),
    ),
    "list of models": ('[{"name": "a"}, {"name": "b"}]', [Pet(name="a"), Pet(name="b")]),
    "list of dicts": ('[{"a": 1}]', [{"a": 1}]),
}
"""What a part of a multipart body can say nevertheless, being JSON."""


LIST_LOCATIONS = tuple(location for location in TEXT_LOCATIONS if location != "cookies")

ALIASES: dict[str, Any] = {"alias": "value", "choices": AliasChoices("value", "other")}


def model_of(kind: Any, **more: Any) -> type[BaseModel]:
    return create_model("Given", value=(kind, ...), **more)


def apply(kind: Any, location: Any) -> None:
    Blueprint("pets", __name__).arguments(model_of(kind), location=location)


class Served:
    """A service whose operations take a model from a place each."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self._app = Flask(__name__)
        self._app.config.update(API_TITLE="Pets", API_VERSION="1", OPENAPI_VERSION="3.1.0")
        self._app.config.update(OPENAPI_URL_PREFIX="/")
        self._blueprint = Blueprint("pets", __name__)
        self._paths: dict[tuple[str, str], str] = {}

    def add(self, name: str, model: type[BaseModel], location: Any) -> None:
        path = f"/{len(self._paths)}"
        self._paths[name, location] = path
        rule = f"{path}/<path:value>" if location == "path" else path

        def take(given: Any, **_: Any) -> None:
            """Take a value."""
            self.got.append(given.field if hasattr(given, "field") else given.value)

        take.__name__ = f"take_{len(self._paths)}"
        view = self._blueprint.arguments(model, location=location)(take)
        view = self._blueprint.response(204)(view)
        self._blueprint.route(rule, methods=["POST"])(view)

    def start(self) -> Self:
        Api(self._app).register_blueprint(self._blueprint)
        self._client = self._app.test_client()
        self.document: Any = self._client.get("/openapi.json").json
        return self

    def operation(self, name: str, location: str) -> Any:
        path = self._paths[name, location] + ("/{value}" if location == "path" else "")
        return self.document["paths"][path]["post"]

    def post(self, name: str, location: str, more: str = "", **options: Any) -> Any:
        self.got.clear()
        return self._client.post(self._paths[name, location] + more, **options)

    def send(self, name: str, location: str, texts: list[str]) -> Any:
        """Send texts as the document's default style of the location has them."""
        joined = ",".join(texts)
        if location == "query":
            query = "?" + "&".join(f"value={quote(text)}" for text in texts)
            return self.post(name, location, query)
        if location == "headers":
            return self.post(name, location, headers={"value": joined})
        if location == "cookies":
            self._client.set_cookie("value", joined)
            return self.post(name, location)
        if location == "path":
            return self.post(name, location, f"/{quote(joined)}")
        kind = "multipart/form-data" if location == "files" else None
        return self.post(name, location, data={"value": texts}, content_type=kind)


@pytest.fixture
def problem_types() -> str:
    return "urn:problem:"


@pytest.fixture(scope="module")
def served() -> Served:
    served = Served()
    for name, (kind, _, _) in ONE.items():
        for location in TEXT_LOCATIONS:
            served.add(name, model_of(kind), location)
    for name, (kind, _, _) in SEVERAL.items():
        for location in LIST_LOCATIONS:
            served.add(name, model_of(kind), location)
    for name in JSON_PARTS:
        served.add(name, model_of(NEVER[name], photo=(UploadedFile | None, None)), "files")
    served.add("files", model_of(list[UploadedFile]), "files")
    for location in ("form", "files"):
        served.add("optional", create_model("Given", value=(int, 5)), location)
    for name, alias in ALIASES.items():
        served.add(name, create_model("Given", field=(int, Field(validation_alias=alias))), "query")
    served.add("separated", model_of(Annotated[set[int], COMMA_SEPARATED]), "query")
    return served.start()


def has_no_header(name: str, location: str) -> bool:
    """Tell of what HTTP itself has no room for: text that is not Latin in a header."""
    return location == "headers" and name == "str"


@pytest.mark.parametrize(
    ("name", "location"),
    [pair for pair in product(ONE, TEXT_LOCATIONS) if not has_no_header(*pair)],
)
def test_one_value_is_taken_as_documented(served, name, location):
    _, text, value = ONE[name]
    answer = served.send(name, location, [text])
    assert answer.status_code == 204, answer.text
    assert served.got == [value]


@pytest.mark.parametrize(("name", "location"), list(product(SEVERAL, LIST_LOCATIONS)))
def test_several_values_are_taken_as_documented(served, name, location):
    _, texts, value = SEVERAL[name]
    answer = served.send(name, location, texts)
    assert answer.status_code == 204, answer.text
    assert served.got == [value]
    assert type(served.got[0]) is type(value)


def test_the_document_of_all_is_valid(served):
    validate(served.document)


@pytest.mark.parametrize("name", SEVERAL)
def test_a_cookie_of_several_values_is_refused(name):
    message = r"^Given\.value has several values, but a cookie holds one\.$"
    with pytest.raises(TypeError, match=message):
        apply(SEVERAL[name][0], "cookies")


@pytest.mark.parametrize(
    ("name", "location"),
    [
        (name, location)
        for name, location in product(NEVER, TEXT_LOCATIONS)
        if location != "files" or not (name in JSON_PARTS or "file" in name)
    ],
)
def test_what_texts_can_not_say_is_refused_when_the_decorator_is_applied(name, location):
    with pytest.raises(TypeError, match=r"^Given(\.value is .+| can't be documented.+)\.$"):
        apply(NEVER[name], location)


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize("name", JSON_PARTS)
def test_json_beside_a_file_is_taken_as_documented(served, name, as_file):
    """As a field, and as browsers send a Blob: as a file of its own."""
    text, value = JSON_PARTS[name]
    part = (io.BytesIO(text.encode()), "blob", "application/json") if as_file else text
    data = {"photo": (io.BytesIO(b"x"), "a.png"), "value": part}
    answer = served.post(name, "files", data=data, content_type="multipart/form-data")
    assert answer.status_code == 204, answer.text
    assert served.got == [value]
    body = served.operation(name, "files")["requestBody"]["content"]
    assert list(body) == ["multipart/form-data"]


def test_a_list_of_models_comes_in_parts_too(served):
    parts = ['{"name": "a"}', '{"name": "b"}']
    assert served.send("list of models", "files", parts).status_code == 204
    assert served.got == [[Pet(name="a"), Pet(name="b")]]


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("나비", "/value", "json_invalid"),
        ("", "/value", "json_invalid"),
        ('{"name": 5}', "/value/name", "string_type"),
        ("[]", "/value", "model_type"),
        ('{"name": "\\u0000"}', "/value/name", "nul_character"),
        ('{"name": "a", "colour": "pink"}', "/value/colour", "enum"),
    ],
)
def test_bad_json_beside_a_file_is_pointed_to(served, problem, text, pointer, code):
    told = problem(served.send("model", "files", [text]), 422)["errors"]
    assert [(error["pointer"], error["code"]) for error in told] == [(pointer, code)]


def test_files_are_taken_and_texts_in_their_place_are_not(served, pointers):
    files = [(io.BytesIO(b"x"), "a.png"), (io.BytesIO(b"y"), "b.png")]
    kind = "multipart/form-data"
    sent = served.post("files", "files", data={"value": files}, content_type=kind)
    assert sent.status_code == 204
    assert [file.filename for file in served.got[0]] == ["a.png", "b.png"]
    assert all(isinstance(file, FileStorage) for file in served.got[0])
    assert pointers(served.send("files", "files", ["no file"])) == ["/value/0"]


@pytest.mark.parametrize("location", ["form", "files"])
def test_a_body_that_is_no_form_is_an_unsupported_media_type(served, problem, location):
    problem(served.post("optional", location, json={"value": 1}), 415)
    assert served.post("optional", location).status_code == 204
    assert served.got == [5]


@pytest.mark.parametrize("schema", [UploadedFile, list[UploadedFile], model_of(UploadedFile)])
def test_a_file_in_json_is_refused(schema):
    with pytest.raises(TypeError, match="holds a file, which JSON can't"):
        Blueprint("pets", __name__).arguments(schema)


@pytest.mark.parametrize("schema", [list[Pet], Pet | Branch, dict[str, int], int, Texts])
@pytest.mark.parametrize("location", TEXT_LOCATIONS)
def test_texts_are_read_into_models_only(schema, location):
    with pytest.raises(TypeError, match="holds names and texts"):
        Blueprint("pets", __name__).arguments(schema, location=location)


def test_a_path_without_what_its_model_reads_is_refused():
    blueprint = Blueprint("pets", __name__)
    view = blueprint.arguments(model_of(int), location="path")(lambda _: None)
    with pytest.raises(TypeError, match=r"^The path /<other> has no value, which the model of"):
        blueprint.get("/<other>")(view)


def test_a_place_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="There is no location 'body'; choose from json"):
        apply(int, "body")


def test_a_strict_model_is_refused():
    model = create_model("Given", __config__=ConfigDict(strict=True), value=(int, ...))
    with pytest.raises(TypeError, match=r"^Given\.value is not accepted as a text such as '1'"):
        Blueprint("pets", __name__).arguments(model, location="query")


@pytest.mark.parametrize("name", ALIASES)
def test_a_field_is_read_by_the_name_that_is_documented(served, name):
    assert served.send(name, "query", ["5"]).status_code == 204
    assert served.got == [5]
    names = [item["name"] for item in served.operation(name, "query")["parameters"]]
    assert names[0] == "value"


def test_a_field_that_is_looked_for_by_a_path_is_refused():
    model = create_model("Given", value=(int, Field(validation_alias=AliasPath("a", 0))))
    with pytest.raises(TypeError, match="only names are read here"):
        Blueprint("pets", __name__).arguments(model, location="query")


@pytest.mark.parametrize(
    ("first", "second"),
    [*product(["json", "form", "files"], repeat=2), ("query", "query"), ("headers", "headers")],
)
def test_nothing_is_read_twice(first, second):
    blueprint = Blueprint("pets", __name__)
    inner = blueprint.arguments(model_of(str), location=second)(lambda *_: None)
    with pytest.raises(TypeError, match="this is read twice"):
        blueprint.arguments(model_of(int), location=first)(inner)


def test_parameters_are_documented_in_the_style_in_which_they_are_read(served):
    assert served.send("separated", "query", ["1,2"]).status_code == 204
    assert served.got == [{1, 2}]
    (parameter,) = served.operation("separated", "query")["parameters"]
    assert (parameter["style"], parameter["explode"]) == ("form", False)
    (nullable,) = served.operation("nullable list", "query")["parameters"]
    assert "null" not in json.dumps(nullable["schema"])
