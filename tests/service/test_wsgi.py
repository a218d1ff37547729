"""The entry point of WSGI servers: it starts on settings that can work, or says what is wrong."""

import os
import subprocess
import sys

import pytest

NOT_SET = "DATABASE_URL environment variable is not set"


@pytest.fixture
def load(root, tmp_path):
    """Import wsgi:app as a WSGI server does, in a process of its own."""

    def load(**environment: str) -> subprocess.CompletedProcess[str]:
        names = {"DATABASE_URL", "DIRECT_DATABASE_URL", "APP_ENV", "FLASK_RUN_FROM_CLI", "AUTH"}
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        return subprocess.run(
            [sys.executable, "-c", "import wsgi; print(wsgi.app.name)"],
            cwd=root,
            env={**inherited, "INSTANCE_DIR": str(tmp_path / "instance"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return load


@pytest.mark.parametrize(
    "environment",
    [{}, {"DATABASE_URL": "", "APP_ENV": "production"}],
)
def test_without_a_database_it_stops_and_says_how_to_mend_it(load, tmp_path, environment):
    stopped = load(**environment)
    assert stopped.returncode == 1
    assert stopped.stderr.startswith(f"Error: {NOT_SET}. Set it in the environment or in .env")
    assert "Traceback" not in stopped.stderr
    assert list(tmp_path.iterdir()) == []


def test_in_production_a_flask_command_embeds_nothing_either(load, tmp_path):
    started = load(APP_ENV="production", FLASK_RUN_FROM_CLI="true")
    assert started.returncode == 1
    assert NOT_SET in started.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_url_that_can_not_be_stops_it_without_its_password(load):
    stopped = load(DATABASE_URL="mysql://me:s3cret@host/trips")
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("Error: DATABASE_URL is not a Postgres URL")
    assert "Traceback" not in stopped.stderr
    assert "s3cret" not in stopped.stderr


def test_a_setting_that_can_not_be_stops_it(load):
    stopped = load(DATABASE_URL="postgresql://me@host/trips", POOL_SIZE="many")
    assert stopped.returncode == 1
    assert stopped.stderr == "Error: POOL_SIZE must be a whole number of at least 1, not 'many'.\n"


def test_it_starts_before_the_database_can_be_reached(load):
    url = "postgresql://me@127.0.0.1:1/trips"
    started = load(DATABASE_URL=url, APP_ENV="production", AUTH="on")
    assert (started.returncode, started.stdout) == (0, "service.app\n")
    assert "AUTH" not in started.stderr


@pytest.mark.parametrize("environment", ["production", "development"])
def test_security_20_without_a_word_on_keys_it_does_not_start(load, environment):
    url = "postgresql://me@127.0.0.1:1/trips"
    stopped = load(DATABASE_URL=url, APP_ENV=environment)
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("Error: AUTH is not set: say AUTH=on")
    started = load(DATABASE_URL=url, APP_ENV=environment, AUTH="off")
    assert started.returncode == 0
    assert "AUTH is off: whoever reaches this service may read, change and erase" in started.stderr
