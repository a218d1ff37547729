"""Database URLs: which one counts, in which form, and how it is shown."""

from urllib.parse import quote
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import NullPool, create_engine

from plain_commands.errors import ConfigurationError
from serverless_postgres import url
from serverless_postgres.neon_url import direct_text
from serverless_postgres.url import is_neon, is_pooled, make_direct, masked, parse, resolve
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


POOLED = "ep-cool-sun-123-pooler.eu-central-1.aws.neon.tech"
DIRECT = "ep-cool-sun-123.eu-central-1.aws.neon.tech"


def _direct(text: str) -> str:
    return make_direct(parse(text)).render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "password", ["p@ss", "50%", "a/b@c", "a:b?c#d", "a b", "%4", "홍길동", "p%@:/"]
)
@pytest.mark.parametrize("is_encoded", [True, False])
def test_a_real_role_with_such_a_password_gets_in(server, execute, password, is_encoded):
    name = f"role_{uuid4().hex[:8]}"
    execute(server, f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    written = quote(password, safe="") if is_encoded else password
    text = f"postgres://{name}:{written}@{server.host}:{server.port}/{server.database}"
    try:
        engine = create_engine(parse(text), poolclass=NullPool)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT current_user").scalar() == name
        psycopg2.connect(direct_text(text)).close()
        assert password not in masked(text)
    finally:
        execute(server, f"DROP ROLE {name}")


def test_several_hosts_are_tried_in_turn(server):
    text = (
        f"postgresql://postgres:{server.password}@127.0.0.1:1,{server.host}:{server.port}"
        f"/{server.database}?application_name=a@b"
    )
    engine = create_engine(parse(text), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "a@b"
    again = parse(parse(text).render_as_string(hide_password=False))
    assert again == parse(text)
    psycopg2.connect(direct_text(text)).close()


def test_a_pooled_neon_url_is_made_direct():
    made = make_direct(
        parse(
            f"postgres://me:p%40-pooler@{POOLED}/trips-pooler?sslmode=verify-full"
            "&pgbouncer=true&channel_binding=require&options=endpoint%3Dep-cool-sun-123-pooler"
        )
    )
    assert (made.host, made.database, made.password) == (DIRECT, "trips-pooler", "p@-pooler")
    assert made.query == {
        "sslmode": "verify-full",
        "channel_binding": "require",
        "options": "endpoint=ep-cool-sun-123",
    }
    assert not is_pooled(made)
    assert make_direct(made) == made


@pytest.mark.parametrize(
    "host",
    ["db-pooler.example.com", "ep-x.my-pooler.aws.neon.tech.example.com", "neon.tech-pooler"],
)
def test_elsewhere_a_host_may_be_called_pooler(host):
    text = f"postgresql://me@{host}/trips"
    assert make_direct(parse(text)).host == host
    assert not is_neon(text)
    assert "sslmode" not in parse(text).query


def test_only_the_first_label_of_a_host_is_cut():
    assert DIRECT in _direct(f"postgresql://me@{POOLED}/trips")
    inner = "ep-x.eu-pooler.aws.neon.build"
    assert inner in _direct(f"postgresql://me@{inner}/trips")


def test_neon_is_asked_for_tls_and_the_log_says_so_once(caplog):
    url.tell_of_tls.cache_clear()
    for _ in range(2):
        assert parse(f"postgresql://me:s3cret@{DIRECT}/trips").query == {"sslmode": "require"}
    (record,) = caplog.records
    assert "sslmode=require is added" in record.getMessage()
    assert "s3cret" not in record.getMessage()
    assert (
        parse(f"postgresql://me@{DIRECT}/x?sslmode=verify-full").query["sslmode"] == "verify-full"
    )


def test_database_url_is_made_direct_for_schema_changes_only():
    settings = Settings(database_url=f"postgresql://me@{POOLED}/trips?sslmode=require")
    assert resolve(settings).host == POOLED
    assert resolve(settings, direct=True).host == DIRECT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me@host/trips?password=s3cret", "postgresql://me@host/trips?password=***"),
        ("postgresql://me:s3@cret@host/trips", "postgresql://me:***@host/trips"),
        ("postgresql://me:s3cret@:port:/trips", "postgresql://***"),
        ("postgresql://me:s3cret", "postgresql://***"),
        ("me:s3cret@host", "***"),
        ("host=h password=s3cret", "***"),
        ("psql 'postgresql://me:s3cret@host/trips'", "***"),
    ],
)
def test_no_password_is_shown_wherever_it_stands(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("psql 'postgresql://me:s3cret@host/trips'", "whole psql command"),
        ('"postgresql://me:s3cret@host/trips"', "quotes around it"),
        ("postgresql://me:s3cret@host/trips ", "spaces or line breaks"),
        ("DATABASE_URL=postgresql://me:s3cret@host/trips", "repeats the name"),
        ("jdbc:postgresql://host/trips?password=s3cret", "JDBC"),
        ("host=h dbname=trips password=s3cret", "list of keywords"),
        ("postgresql://me:s3cret@host/trips?schema=other", "options=-csearch_path"),
        ("postgresql://me:s3cret@host/trips?frobnicate=1", "'frobnicate'"),
    ],
)
def test_what_was_pasted_wrongly_is_told(text, said):
    with pytest.raises(ConfigurationError, match=said) as refused:
        parse(text)
    assert "s3cret" not in refused.value.detail


def test_what_other_tools_add_is_dropped_or_translated():
    text = "postgresql://me@host/trips?schema=public&connection_limit=1&ssl=true&connect_timeout=3"
    assert parse(text).query == {"sslmode": "require", "connect_timeout": "3"}
