"""`flask neon url`: URLs without their password, and `.env`, of which nothing else changes."""

import os
import stat
import subprocess

import pytest
from dotenv import dotenv_values

from tests.neon_api import PARENT
from tests.serverless_postgres.neon_commands.conftest import PASSWORD

POOLED = (
    "postgresql://neondb_owner:***@ep-main-000001-pooler.eu-central-1.aws.neon.tech/neondb"
    "?sslmode=require"
)
DIRECT = POOLED.replace("-pooler", "")
BEFORE = """\
# 여행 서비스
export  DATABASE_URL = 'postgresql://me:old_secret@old.example.com/trips' # pooled

PORT=8001
NOTE="two
lines"
not a line
DIRECT_DATABASE_URL=
"""
AFTER = """\
# 여행 서비스
export  DATABASE_URL = {pooled} # pooled

PORT=8001
NOTE="two
lines"
not a line
DIRECT_DATABASE_URL={direct}
"""


@pytest.fixture
def env(tmp_path):
    return tmp_path / ".env"


def with_password(url):
    return url.replace("***", PASSWORD)


def test_both_urls_without_their_password(run):
    assert run("url").stdout.splitlines() == [
        f"DATABASE_URL={POOLED}",
        f"DIRECT_DATABASE_URL={DIRECT}",
    ]


@pytest.mark.parametrize(("kind", "url"), [("--pooled", POOLED), ("--direct", DIRECT)])
def test_one_url_stands_alone_for_a_command_to_use_it(run, kind, url):
    assert run("url", "main", kind).stdout == url + "\n"
    shown = run("url", PARENT, kind, "--show-password", secrets=True)
    assert shown.stdout == with_password(url) + "\n"


def test_urls_as_a_document(ask, neon):
    found = ask("url", "--role", "reader")
    assert found["branch"] == {"id": PARENT, "name": "main"}
    assert (found["database_url"], found["direct_database_url"]) == (POOLED, DIRECT)
    assert {call.query["role_name"] for call in neon.called("GET", "/connection_uri$")} == {
        "reader"
    }


def test_a_restore_point_has_no_url(run, refused):
    run("restore-point", "before")
    assert "has no compute to connect to" in refused("url", "before")


def test_a_file_is_made_for_its_owner_alone(run, env):
    done = run("url", "--write-env", "--env-file", str(env))
    assert f"DATABASE_URL in {env} is now {POOLED}." in done.stdout
    assert dotenv_values(env) == {
        "DATABASE_URL": with_password(POOLED),
        "DIRECT_DATABASE_URL": with_password(DIRECT),
    }
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_everything_else_in_the_file_stays_as_it_is(run, env):
    env.write_text(BEFORE, encoding="utf-8")
    env.chmod(0o644)
    done = run("url", "--env-file", str(env))
    values = {"pooled": with_password(POOLED), "direct": with_password(DIRECT)}
    assert env.read_text(encoding="utf-8") == AFTER.format(**values)
    assert "it was postgresql://me:***@old.example.com/trips" in done.stdout
    assert "old_secret" not in done.output
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert list(env.parent.iterdir()) == [env]
    again = run("url", "--env-file", str(env))
    assert "as before" in again.stdout
    assert env.read_text(encoding="utf-8") == AFTER.format(**values)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"A=1", b"A=1\nDATABASE_URL=%s\n"),
        (b"A=1\r\nDATABASE_URL=x\r\nB=2\r\n", b"A=1\r\nDATABASE_URL=%s\r\nB=2\r\n"),
        (b"A=1\r\n", b"A=1\r\nDATABASE_URL=%s\r\n"),
        (b"DATABASE_URL\nB=2\n", b"DATABASE_URL=%s\nB=2\n"),
        (b"DATABASE_URL=x\nDATABASE_URL=y", b"DATABASE_URL=%s\nDATABASE_URL=%s"),
        (b'DATABASE_URL="a # b"#c\n', b"DATABASE_URL=%s #c\n"),
        (b"# DATABASE_URL=x\n", b"# DATABASE_URL=x\nDATABASE_URL=%s\n"),
        (b"\xef\xbb\xbfA=1\n", b"A=1\nDATABASE_URL=%s\n"),
        (b"\n\nDATABASE_URL='two\nlines'\n", b"\n\nDATABASE_URL=%s\n"),
    ],
)
def test_whatever_a_line_looks_like(run, env, before, after):
    env.write_bytes(before)
    assert run("url", "--pooled", "--env-file", str(env)).exit_code == 0
    assert env.read_bytes() == after.replace(b"%s", with_password(POOLED).encode())


def test_a_link_leads_to_the_file_that_is_written(run, env, tmp_path):
    real = tmp_path / "shared.env"
    real.write_text("A=1\n")
    env.symlink_to(real)
    run("url", "--env-file", str(env))
    assert env.is_symlink()
    assert dotenv_values(real)["A"] == "1"
    assert dotenv_values(real)["DATABASE_URL"] == with_password(POOLED)


def test_a_new_branch_can_be_written_at_once(run, env, neon):
    done = run("create", "pr-1", "--env-file", str(env))
    assert done.exit_code == 0
    endpoint = neon.named("pr-1")["id"].removeprefix("br-")
    assert f"@ep-{endpoint}-pooler." in (dotenv_values(env)["DATABASE_URL"] or "")


def test_a_branch_whose_url_is_not_to_be_had_is_there_all_the_same(refused, env, neon):
    neon.says = "no password is stored"
    neon.fail("GET", "/connection_uri$", 403)
    said = refused("create", "pr-1", "--env-file", str(env))
    assert "Branch pr-1 (br-" in said
    assert "no password is stored" in said
    assert not env.exists()


@pytest.fixture
def git(tmp_path):
    def git(*arguments):
        subprocess.run(
            ["/usr/bin/env", "git", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            check=True,
            capture_output=True,
        )

    git("init")
    return git


def test_a_file_that_git_tracks_is_refused(refused, env, git):
    env.write_text("A=1\n")
    git("add", ".env")
    assert "is tracked by git" in refused("url", "--env-file", str(env))
    assert env.read_text() == "A=1\n"


def test_a_file_that_git_would_take_is_told(run, env, git, tmp_path):
    git("status")
    assert "add it to .gitignore" in run("url", "--env-file", str(env)).stdout
    (tmp_path / ".gitignore").write_text(".env\n")
    assert "gitignore" not in run("url", "--env-file", str(env)).stdout


def test_what_can_not_be_written_is_told_and_stays(refused, env, tmp_path):
    env.write_bytes(b"A=\xff\n")
    assert "is not UTF-8" in refused("url", "--env-file", str(env))
    assert env.read_bytes() == b"A=\xff\n"
    nowhere = tmp_path / "no" / ".env"
    assert "can't be written: No such file" in refused("url", "--env-file", str(nowhere))
