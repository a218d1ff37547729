"""Odd names of branches: what is said of them does no harm, and each means one branch."""

import shlex

import pytest

from tests.neon_api import PARENT

ODD = ["x; echo pwned", "$(id)", "`id`", "it's", "-r", "a b", "*", "br-main-000002"]


@pytest.mark.parametrize("name", ODD)
def test_commands_to_be_copied_mean_the_branch_and_nothing_else(ask, neon, name):
    source = neon.add(name, PARENT)
    made = ask("restore-point", "before-1", "--branch", source["id"])
    assert shlex.split(made["restore"]) == ["flask", "neon", "restore", source["id"], "before-1"]
    restored = ask("restore", source["id"], "main", "--yes")
    kept = restored["preserved_as"]
    assert shlex.split(restored["restore"]) == ["flask", "neon", "restore", source["id"], kept]
    assert (
        ask(*shlex.split(restored["restore"])[2:], "--yes", "--preserve-as", "b")["source"] == kept
    )


@pytest.mark.parametrize("name", ["staging", "feature/한국", "v1.4+2", "a@b"])
def test_commands_to_be_copied_say_names_where_a_shell_leaves_them_alone(ask, neon, name):
    neon.add(name, PARENT)
    made = ask("restore-point", "before-1", "--branch", name)
    assert made["restore"] == f"flask neon restore {name} before-1"


def test_a_new_name_with_a_space_stands_in_quotes(ask, neon):
    done = ask("restore", "staging", "main", "--yes", "--preserve-as", "old one")
    assert done["restore"] == "flask neon restore staging 'old one'"
    assert neon.named("old one")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (" a", "a space"),
        ("-a", "a dash"),
        ("two\nlines", "can't be seen"),
        ("red\x1b[31m", "can't be seen"),
        ("turned\u202e", "can't be seen"),
        ("n" * 257, "more than 256 letters"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("create", "--"),
        ("restore-point", "--expires", "1d", "--"),
        ("reset", "staging", "--yes", "--preserve-as"),
        ("restore", "staging", "main", "--yes", "--preserve-as"),
    ],
    ids=lambda command: command[0],
)
def test_a_name_that_nobody_could_type_is_not_given(refused, neon, command, name, fault):
    said = refused(*command, name)
    assert fault in said
    assert said.count("\n") == 1
    assert not neon.called("POST", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "new", "--at", ""),
        ("create", "new", "--parent", ""),
        ("create", "new", "--expires", ""),
        ("restore", "main", "", "--at", "0/1"),
        ("restore", "main", "staging", "--at", ""),
        ("restore-point", "--branch", ""),
        ("compare-schema", "staging", ""),
        ("url", ""),
    ],
    ids=" ".join,
)
def test_what_is_empty_as_of_a_variable_is_not_left_out(refused, neon, arguments):
    assert "''" in refused(*arguments)
    assert not neon.called("POST", "")


@pytest.mark.parametrize("name", ["n" * 256, "👨‍👩‍👧", "cafe\u0301"])
def test_other_names_are_given(ask, neon, name):
    ask("create", name)
    done = ask("restore", name, "main", "--yes")
    assert len(done["preserved_as"]) <= 256
    assert neon.named(done["preserved_as"])


def test_a_name_of_somebody_else_stays_in_its_line(run, neon):
    odd = neon.add("a\n::error::b\x1b[2J\u2028c\ud800", PARENT)
    said = run("delete", odd["id"], "--yes").stdout
    assert said.startswith(f"Branch a?::error::b?[2J?c? ({odd['id']}) is deleted")
    assert said.count("\n") == 1


def test_of_two_names_that_look_the_same_the_one_that_is_typed_is_meant(ask, refused, neon):
    composed, other = neon.add("caf\u00e9", PARENT), neon.add("cafe\u0301", PARENT)
    said = refused("delete", " caf\u00e9", "--yes")
    assert f"{composed['id']} and {other['id']}" in said
    assert ask("delete", "cafe\u0301", "--yes")["deleted"]["id"] == other["id"]
    assert composed["id"] in neon.branches


def test_a_branch_named_as_the_id_of_another_is_nobodys_parent(ask, neon):
    neon.add("br-gone-000009", PARENT)
    child = neon.add("orphan", PARENT)
    child["parent_id"] = "br-gone-000009"
    found = {item["name"]: item["parent"] for item in ask("branches")}
    assert found["orphan"] == "br-gone-000009"
    assert ask("url", PARENT)["branch"]["name"] == "main"
