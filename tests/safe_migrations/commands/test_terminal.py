"""`flask db` at a terminal: who waits sees at once what for, and files hold none of that."""

import os
import pty
import subprocess
import sys

import pytest


@pytest.fixture
def seen(root, make_database):
    """Run a command whose stderr is a terminal; returns what that shows, and stdout."""

    def seen(*arguments):
        url = make_database().render_as_string(hide_password=False)
        ours, its = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "service.cli", "db", *arguments],
            cwd=root,
            env={**os.environ, "DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=its,
            text=True,
        ) as process:
            os.close(its)
            shown = b""
            try:
                while part := os.read(ours, 4096):
                    shown += part
            except OSError:  # The other end is closed.
                pass
            output, _ = process.communicate()
        os.close(ours)
        return shown.decode(), output

    return seen


def test_it_is_said_while_it_lasts(seen):
    shown, output = seen("check")
    assert "Comparing the models with the database ..." in shown
    assert output == "No difference was found.\n"


def test_a_script_holds_nothing_but_sql(seen):
    shown, output = seen("upgrade", "--sql", "base:head")
    assert "Upgrading the schema ..." in shown
    assert output.startswith("-- Stop at the first error")
    assert output.rstrip().endswith("COMMIT;")
    assert "..." not in output
