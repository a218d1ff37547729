"""Settings: read from the environment, checked, and all of them documented."""

from dataclasses import fields, replace

import pytest

from plain_commands.errors import ConfigurationError
from plain_commands.settings.value import MOST
from service.app import create_app
from service.settings import ROOT, Settings


def test_without_an_environment_the_defaults_hold():
    settings = Settings.load({})
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8000, None)
    assert settings.instance_dir == ROOT / "instance"
    assert not settings.is_production


def test_the_environment_is_read_and_empty_means_not_set():
    settings = Settings.load(
        {"PORT": " 8001 ", "DATABASE_URL": "", "APP_ENV": "production", "INSTANCE_DIR": "/tmp/x"}  # noqa: S108
    )
    assert (settings.port, settings.database_url) == (8001, None)
    assert settings.is_production
    assert str(settings.instance_dir) == "/tmp/x"  # noqa: S108  never opened


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("POOL_SIZE", "0"),
        ("MAX_BODY_BYTES", "4MB"),
        ("WORKERS", "1_0"),
        ("WORKERS", "١٢"),
        ("QUEUE_SIZE", "-1"),
        ("GRACE_S", "99999999999"),
        ("IDEMPOTENCY_TTL_HOURS", "9" * 5000),
        ("KEEPALIVES_COUNT", "128"),
        ("APP_ENV", "staging"),
    ],
)
def test_a_value_that_can_not_be_is_refused_by_name(name, value):
    with pytest.raises(ConfigurationError, match=name) as refused:
        Settings.load({name: value})
    assert repr(value) in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["DATBASE_URL", "DATABSE_URL", "DATABASE_URI", "DATABASE_ULR", "DATABASEURL", "LOG_FORMT"],
)
def test_a_misspelt_name_in_the_environment_is_refused(name):
    with pytest.raises(ConfigurationError, match=f"{name} is not a setting: did you mean"):
        Settings.load({name: "x"})


def test_names_of_other_programs_in_the_environment_are_theirs():
    short = ("PORTS", "PGPORT", "PGHOST", "GHOST", "WORKER", "THREAD", "METRIC", "POOL_SIZES")
    long = (
        "DATABASE_URL_2",
        "TEST_DATABASE_URL",
        "READ_TIMEOUT",
        "WORKER_TIMEOUT",
        "NEON_API_HOST",
    )
    Settings.load(dict.fromkeys((*short, *long), "1"))
    # Who has the setting itself did not misspell it, and an empty one says nothing.
    Settings.load({"DATABASE_URI": "x", "DATABASE_URL": "postgresql://h/d", "LOG_FORMT": ""})


def test_a_secret_behind_the_wrong_name_is_not_shown():
    url = "postgresql://trips:s3cret@db/trips"
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(
            {"PORT": url, "LOG_FORMAT": url, "HOST": f"{url}\nx", "INSTANCE_DIR": "\udcff"}
        )
    said = str(refused.value)
    assert said.startswith("4 things are wrong with the settings:\n")
    assert "s3cret" not in said
    assert "HOST has a line break" in said
    assert "INSTANCE_DIR is not UTF-8" in said


def test_the_largest_numbers_that_are_taken_work(database):
    most = {
        spec.name: spec.metadata["most"] or MOST for spec in fields(Settings) if spec.type is int
    }
    # A failure should be one at once.
    app = create_app(replace(database.settings, **{**most, "retry_budget_s": 0}))
    headers = {"Idempotency-Key": "largest"}
    response = app.test_client().post("/v1/users", json={"username": "largest"}, headers=headers)
    assert response.status_code == 201
    app.extensions["database"].dispose()


def test_no_password_is_shown_with_the_settings():
    url = "postgresql://me:s3cret@h/d"
    names = ("DATABASE_URL", "DATABASE_READ_URL", "DIRECT_DATABASE_URL", "NEON_API_KEY")
    assert "s3cret" not in repr(Settings.load(dict.fromkeys(names, url)))


def test_every_setting_is_explained_in_the_example():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    internal = {"flask_run_from_cli"}
    for spec in fields(Settings):
        if spec.name not in internal:
            assert f"{spec.name.upper()}=" in text, spec.name
