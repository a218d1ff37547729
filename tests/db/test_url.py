"""Database URLs: which one counts, in which form, and how it is shown."""

import pytest

from service.db.url import masked, parse, resolve
from service.errors import ConfigurationError
from service.settings import Settings


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_usual_scheme_means_psycopg2(scheme):
    assert parse(f"{scheme}://me@host/trips").drivername == "postgresql+psycopg2"


@pytest.mark.parametrize("password", ["a%40b", "p%25%2F", "%ED%99%8D", "a:b"])
def test_passwords_survive(password):
    url = parse(f"postgresql://me:{password}@host:5433/trips?sslmode=require")
    assert url.render_as_string(hide_password=False).startswith("postgresql+psycopg2://me:")
    assert (url.host, url.port, url.database) == ("host", 5433, "trips")
    assert url.query == {"sslmode": "require"}
    assert (
        url.password
        == {"a%40b": "a@b", "p%25%2F": "p%/", "%ED%99%8D": "홍", "a:b": "a:b"}[password]
    )


def test_a_password_is_never_shown():
    assert masked("postgresql://me:s3cret@host/trips") == "postgresql://me:***@host/trips"
    assert masked(parse("postgres://me:s3cret@host/trips")) == "postgresql://me:***@host/trips"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "mysql://me@host/trips",
        "sqlite:///trip.db",
        "postgresql://me@host:port/x",
        "://",
    ],
)
def test_what_is_no_postgres_url_is_refused(text):
    with pytest.raises(ConfigurationError, match="not a Postgres URL"):
        parse(text)


def test_a_url_without_a_database_is_refused_without_its_password():
    with pytest.raises(ConfigurationError, match="name of the database is missing") as refused:
        parse("postgresql://me:s3cret@host")
    assert "s3cret" not in str(refused.value)


def test_schema_changes_go_to_the_direct_url():
    settings = Settings(
        database_url="postgresql://me@pooled/trips",
        direct_database_url="postgresql://me@direct/trips",
    )
    assert resolve(settings).host == "pooled"
    assert resolve(settings, direct=True).host == "direct"
    only = Settings(database_url="postgresql://me@pooled/trips")
    assert resolve(only, direct=True).host == "pooled"


def test_in_production_nothing_is_embedded(tmp_path):
    settings = Settings(app_env="production", instance_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="DATABASE_URL environment variable is not set"):
        resolve(settings)
    assert list(tmp_path.iterdir()) == []
