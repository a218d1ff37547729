"""`.env`: whatever in it would be lost is told, and no value is shown."""

import pytest

from plain_commands.errors import ConfigurationError
from service.settings import ROOT, Settings


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load the settings of a file, and nothing else."""
    monkeypatch.setattr("service.settings.ROOT", tmp_path)
    for name in ("DATABASE_URL", "PORT", "WORKERS"):
        monkeypatch.delenv(name, raising=False)

    def load(content):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / ".env").write_bytes(data)
        return Settings.load()

    return load


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffPORT=8001\nWORKERS=3\n",
        "PORT=8001\r\nWORKERS=3\r\n",
        "export PORT='8001' # here\nWORKERS = \"3\"",
        "N=3\nPORT=8001\nWORKERS=${N}\n",
        "PORT=8001\nWORKERS=${NOBODY_SETS_THIS:-3}\n",
        "PORT=\nWORKERS=3\n\n# added\nPORT=8001\n",
    ],
)
def test_what_other_tools_write_is_read(load, content):
    settings = load(content)
    assert (settings.port, settings.workers) == (8001, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("PORT=80\n".encode("utf-16"), ".env is not UTF-8"),
        ("PORT=80\n".encode("utf-16-le"), ".env is not UTF-8, as it has zero bytes"),
        ("NAME=größe".encode("latin-1"), ".env is not UTF-8"),
        ("PORT=8\x000", ".env is not UTF-8"),
        ("\n\nDATABASE_URL postgresql://s3cret", ".env, line 3: DATABASE_URL has no `=`"),
        ("\n# URL\nDATABASE_URL", ".env, line 3: DATABASE_URL has no `=`"),
        ("DATABASE_URL=postgres://a\ns3cret@host/d", ".env, line 2: this has no `=`"),
        ('DATABASE_URL="postgresql://s3cret\nPORT=80', ".env, line 1: DATABASE_URL can't be read"),
        ('DATABASE_URL="s3cret" more', ".env, line 1: DATABASE_URL can't be read"),
        ('OTHER="s3cret\nPORT=80\nMORE=x"', "line 1: the quotes of OTHER enclose PORT as well"),
        ("DATABASE_URL=${NOBODY_SETS_THIS}", "DATABASE_URL refers to a variable"),
        ("PORT=80\nWORKERS=3\nPORT=81", ".env, lines 1 and 3: PORT has several values"),
        ("PORT=80\nPORT=\n", ".env, lines 1 and 2: PORT has several values"),
        (
            "DATBASE_URL=s3cret",
            ".env, line 1: DATBASE_URL is not a setting: did you mean DATABASE_URL",
        ),
        ("DATABASE_URI=s3cret", "did you mean DATABASE_URL?"),
        ("DATABASE_ULR=s3cret", "did you mean DATABASE_URL?"),
        ("database_url=s3cret", "did you mean DATABASE_URL?"),
        ("DATABASE-URL=s3cret", "did you mean DATABASE_URL?"),
        ("DIRECT_DATABSE_URI=s3cret", "did you mean DIRECT_DATABASE_URL?"),
        ("POOL_TIMEOUT=3", "did you mean POOL_TIMEOUT_S?"),
        ("WORKER=3", "did you mean WORKERS?"),
        ("HOSTS=x", "did you mean HOST?"),
    ],
)
def test_what_would_be_lost_stops_it_without_showing_a_value(load, content, said):
    with pytest.raises(ConfigurationError) as refused:
        load(content)
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_strangers_may_have_their_variables_there(load):
    names = (
        "PGPORT",
        "PGHOST",
        "TEST_DATABASE_URL",
        "POSTGRES_PASSWORD",
        "FLASK_DEBUG",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "NODE_ENV",
        "COMPOSE_FILE",
        "UV_CACHE_DIR",
    )
    assert load("".join(f"{name}=1\n" for name in names)).port == 8000


def test_all_that_is_wrong_is_told_at_once(load):
    with pytest.raises(ConfigurationError) as refused:
        load("PORT=http\nWORKERS=0\nDATABSE_URL=x\nLOG_LEVEL\nAPP_ENV=prod\n")
    first, *others = str(refused.value).splitlines()
    assert first == "5 things are wrong with the settings:"
    assert len(others) == 5
    for name in ("PORT", "WORKERS", "DATABSE_URL", "LOG_LEVEL", "APP_ENV"):
        assert sum(f" {name} " in line for line in others) == 1, name


def test_the_example_can_be_copied(load):
    load((ROOT / ".env.example").read_bytes())
