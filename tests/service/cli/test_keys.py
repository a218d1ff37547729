"""`flask keys`: the first key, and all that whoever has the database does with keys."""

import json
import stat
from dataclasses import replace

import pytest
from click.testing import CliRunner

from api_access.key_commands.group import keys_group
from service.domain.keys import KEYS
from service.settings import Settings


@pytest.fixture
def flask_keys(settings, database):
    """Run a command: `flask_keys("list")`; its settings may be others."""
    assert database

    def run(*arguments, **values):
        group = keys_group(
            lambda: replace(settings, **values), lambda: KEYS, key_name=Settings.key_name
        )
        return CliRunner().invoke(group, list(arguments))

    return run


def create(flask_keys, *scopes, **options):
    arguments = [f"--scope={scope}" for scope in scopes]
    arguments += [f"--{name}={value}" for name, value in options.items()]
    done = flask_keys("create", "--name=agent", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def guarded(client_with):
    return client_with(auth="on")


def opens(guarded, key):
    headers = {"Authorization": f"Bearer {key}"}
    return guarded.get("/v1/workflows", headers=headers).status_code == 200


def test_the_first_key_is_made_and_opens(flask_keys, guarded):
    done = flask_keys("create", "--name", "first", "--scope", "admin")
    assert done.exit_code == 0, done.output
    (key,) = [word for word in done.stdout.split() if word.startswith("tps_")]
    assert "the only time" in done.stdout
    assert opens(guarded, key)
    listed = flask_keys("list").stdout
    assert key not in listed
    assert key[:12] in listed
    assert "admin" in listed


def test_as_json_it_has_what_programs_need_and_warns(flask_keys, make):
    user = make.user()
    done = flask_keys(
        "create", "--name=x", "--scope=read", "--scope=ingest", f"--user={user['id']}",
        "--expires=90d", "--json",
    )  # fmt: skip
    key = json.loads(done.stdout)
    assert key["scopes"] == ["read", "ingest"]
    assert (key["user_id"], key["reach"]) == (user["id"], "user")
    assert key["key"].startswith(key["prefix"])
    assert key["expires_at"]
    assert "mask it" in done.stderr


def test_security_9_a_key_in_a_file_is_for_its_owner_alone(flask_keys, guarded, tmp_path):
    file = tmp_path / "key"
    done = flask_keys("create", "--name=x", "--scope=read", "--output", str(file), "--json")
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = file.read_text().strip()
    assert key not in done.output
    assert opens(guarded, key)
    again = flask_keys("create", "--name=x", "--scope=read", "--output", str(file))
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    assert file.read_text().strip() == key
    assert len(json.loads(flask_keys("list", "--json").stdout)) == 1
    other = tmp_path / "other"
    failed = flask_keys("create", "--name=x", "--scope=read", "--user=x", "--output", str(other))
    assert failed.exit_code == 1
    assert not other.exists()


def test_keys_are_revoked(flask_keys, guarded):
    key, admin = create(flask_keys, "read"), create(flask_keys, "admin")
    assert "is revoked" in flask_keys("revoke", key["id"]).stdout
    assert not opens(guarded, key["key"])
    assert key["id"] not in flask_keys("list").stdout
    assert key["id"] in flask_keys("list", "--all").stdout
    last = flask_keys("revoke", admin["id"])
    assert last.exit_code == 1
    assert "last key" in last.stderr
    assert flask_keys("revoke", admin["id"], "--force").exit_code == 0
    assert "There are no keys" in flask_keys("list").stdout


def test_keys_are_replaced(flask_keys, guarded):
    old = create(flask_keys, "read", expires="1d")
    done = flask_keys("rotate", old["id"], "--overlap", "1h", "--json")
    new = json.loads(done.stdout)
    assert (new["client_id"], new["expires_at"]) == (old["client_id"], old["expires_at"])
    assert opens(guarded, old["key"])
    assert opens(guarded, new["key"])
    again = flask_keys("rotate", old["id"])
    assert again.exit_code == 1
    assert "make a new one" in again.stderr


def test_security_7_keys_made_in_production_are_live(flask_keys, guarded):
    live = flask_keys("create", "--name=x", "--scope=read", "--json", app_env="production")
    key = json.loads(live.stdout)["key"]
    assert key.startswith("tps_live_")
    assert not opens(guarded, key)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--scope=read"], "--name"),
        (["create", "--name=x"], "--scope"),
        (["create", "--name=x", "--scope=root"], "root"),
        (["create", "--name=x", "--scope=read", "--user=me"], "--user"),
        (["create", "--name=", "--scope=read"], "--name"),
        (["create", "--name=x", "--scope=read", "--expires=soon"], "minutes, hours, days or weeks"),
        (["create", "--name=x", "--scope=read", "--expires=9999d"], "3650 days"),
        (["create", "--name=x", "--scope=read", "--output=/nowhere/key"], "can't be written"),
        (
            ["create", "--name=x", "--scope=read", "--user=00000000-0000-7000-8000-000000000000"],
            "user",
        ),
        (["revoke", "tps_test_x"], "flask keys list"),
        (["revoke", "00000000-0000-7000-8000-000000000000"], "no such key"),
        (["rotate", "00000000-0000-7000-8000-000000000000"], "no such key"),
        (["lst"], "list"),
    ],
)
def test_what_is_wrong_is_said_plainly(flask_keys, arguments, said):
    done = flask_keys(*arguments)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("arguments", [["list"], ["create", "--name=x", "--scope=read"]])
def test_without_the_table_the_way_out_is_named(empty_database, flask_keys, arguments):
    url = empty_database.render_as_string(hide_password=False)
    done = flask_keys(*arguments, database_url=url)
    assert done.exit_code == 1
    assert "flask db upgrade" in done.stderr
