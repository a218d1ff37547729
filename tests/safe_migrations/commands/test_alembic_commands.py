"""`flask db` and `alembic`: the same commands, the same results, the same errors."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from safe_migrations.errors import ExitCode
from safe_migrations.revisions import heads, revisions
from serverless_postgres.url import parse
from service.cli.groups import db
from service.schema import project

HEAD = heads(project().versions)[0]
TITLE = next(item.title for item in revisions(project().versions) if item.id == HEAD)


@dataclass
class Done:
    code: int
    output: str
    errors: str


@pytest.fixture
def run(root, monkeypatch):
    """Run a command: `flask db` in this process, which is quicker, and `alembic` in its own."""

    def run(command: str, url: str | None, **environment: str) -> Done:
        given = {"DATABASE_URL": url or "", "SCHEMA_CONNECT_WAIT_S": "0", **environment}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        if command.startswith("flask db "):
            result = CliRunner().invoke(db, command.split()[2:], prog_name="flask db")
            assert result.exception is None or isinstance(result.exception, SystemExit)
            return Done(result.exit_code, result.stdout, result.stderr)
        program, *arguments = command.split()
        process = subprocess.run(
            [str(Path(sys.executable).parent / program), *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(process.returncode, process.stdout, process.stderr)

    return run


@pytest.fixture
def url(make_database) -> str:
    return make_database().render_as_string(hide_password=False)


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_down_and_up_again(run, url, tool):
    assert f"{HEAD} (head)" in run("flask db current", url).output
    down = run(f"{tool} downgrade base", url)
    assert (down.code, "INFO" in down.errors) == (0, False)
    assert f"Taking back {HEAD} ({TITLE})" in down.errors
    pending = (
        "1 revision is"
        if len(revisions(project().versions)) == 1
        else f"{len(revisions(project().versions))} revisions are"
    )
    assert down.output == f"The database is at no revision; {pending} pending.\n"
    assert HEAD not in run("flask db current", url).output
    up = run(f"{tool} upgrade head", url)
    assert (up.code, "INFO" in up.errors) == (0, False)
    assert f"Applying {HEAD} ({TITLE})" in up.errors
    assert up.output == f"The database is at {HEAD} (head).\n"
    assert run(f"{tool} stamp head", url).output == up.output
    assert f"{HEAD} (head)" in run("flask db current", url).output
    checked = run("flask db check", url)
    assert (checked.code, checked.output) == (0, "No difference was found.\n")


def test_both_tools_say_the_same(run, url):
    said = [run(f"{tool} history --verbose", url) for tool in ("flask db", "alembic")]
    assert said[0].code == said[1].code == 0
    assert HEAD in said[0].output
    assert said[0].output == said[1].output
    for command in ("heads", "show head"):
        assert HEAD in run(f"flask db {command}", url).output


def test_a_step_down_is_no_option(run, url):
    assert run("flask db downgrade -1", url).code == 0
    assert run("flask db upgrade +1", url).code == 0
    assert run("flask db stamp --force base", url).code == 0
    assert HEAD not in run("flask db current", url).output
    assert run("flask db stamp --purge head", url).code == 0
    assert HEAD in run("flask db current", url).output


def test_what_a_column_counts_is_asked_for_by_both_commands(run, url, execute):
    execute(
        parse(url),
        "ALTER TABLE users ALTER created_at DROP DEFAULT, ALTER created_at TYPE bigint "
        "USING extract(epoch FROM created_at)",
    )
    asked = run("flask db migrate -m Times --json", url)
    assert asked.code == ExitCode.ERROR
    assert "`--epochs users.created_at:s`" in _json(asked)["error"]["message"]
    refused = run("flask db migrate -m Times --epochs users.created_at:days", url)
    assert refused.code == ExitCode.ERROR
    assert "has no unit" in refused.errors


def test_nothing_to_migrate_writes_no_file(run, url, root):
    before = sorted((root / "migrations" / "versions").iterdir())
    migrated = run("flask db migrate -m nothing", url)
    assert migrated.code == 0
    assert "no revision is written" in migrated.output
    assert sorted((root / "migrations" / "versions").iterdir()) == before


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a Postgres URL"),
        ("postgresql://me:s3cret@no-such-host.invalid/trips", "host of DATABASE_URL is unknown"),
        ("postgresql://me:s3cret@127.0.0.1:1/trips", "refuses connections"),
    ],
)
def test_a_database_that_can_not_be_reached_is_told_in_a_sentence(run, tool, url, said):
    stopped = run(f"{tool} upgrade head", url)
    assert stopped.code == 1
    assert said in stopped.errors
    assert "Traceback" not in stopped.errors
    assert "s3cret" not in stopped.errors


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_wrong_names_are_told_in_a_sentence(run, url, tool):
    for wrong, said in (
        (url.rsplit("/", 1)[0] + "/nowhere", "does not exist"),
        (url.replace("postgres:", "postgres:wrong"), "refuses the user name or password"),
    ):
        stopped = run(f"{tool} current", wrong)
        assert (stopped.code, said in stopped.errors) == (1, True), stopped.errors
        assert "Traceback" not in stopped.errors


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_in_production_a_command_wants_a_database(run, tool, tmp_path):
    stopped = run(f"{tool} upgrade head", None, APP_ENV="production", INSTANCE_DIR=str(tmp_path))
    assert stopped.code == 1
    assert "DATABASE_URL environment variable is not set" in stopped.errors
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_revision_is_told_in_a_sentence(run, url):
    stopped = run("flask db upgrade nowhere", url)
    assert stopped.code == 1
    assert "Error: Can't locate revision identified by 'nowhere'. " in stopped.errors


def test_typed_alone_a_command_starts_the_embedded_database_for_its_own_length(run, tmp_path):
    place = {"INSTANCE_DIR": str(tmp_path / "instance")}
    assert run("flask db upgrade", None, **place).code == 0
    assert HEAD in run("alembic current", None, **place).output


def test_every_command_has_help_with_an_example(run):
    listed = run("flask db --help", None).output
    names = [line.split()[0] for line in listed.split("Commands:")[1].splitlines() if line.strip()]
    assert {"upgrade", "downgrade", "migrate", "check", "adopt", "import-sqlite"} <= set(names)
    for name in names:
        assert f"flask db {name}" in run(f"flask db {name} --help", None).output, name


def _json(done: Done) -> dict[str, Any]:
    return json.loads(done.output)


def test_each_of_them_answers_in_json(run, url):
    newest = _json(run("flask db heads --json", url))["revisions"]
    assert [item["revision"] for item in newest] == [HEAD]
    assert newest[0]["title"] == TITLE
    assert _json(run("flask db show head --json", url))["revisions"] == newest
    assert _json(run("flask db history --json", url))["revisions"][0] == newest[0]
    history = _json(run("flask db history --json -i", url))["revisions"]
    assert history[0] == {**newest[0], "is_current": True}
    assert _json(run("flask db history --json -r current:head", url))["revisions"] == history[:1]
    assert _json(run("flask db branches --json", url)) == {"revisions": []}
    assert _json(run("flask db downgrade --json base", url)) == {"before": [HEAD], "after": []}
    behind = run("flask db current --json --check-heads", url)
    assert _json(behind) == {
        "current": [],
        "heads": [HEAD],
        "is_at_head": False,
        "is_ahead": False,
    }
    assert behind.code == ExitCode.BEHIND
    assert _json(run("flask db upgrade --json", url)) == {"before": [], "after": [HEAD]}
    agreed: dict[str, list[object]] = {"differences": [], "incomplete": [], "beyond_models": []}
    assert _json(run("flask db check --json", url)) == agreed
    assert _json(run("flask db migrate -m nothing --json", url)) == {"revisions": []}
    wrong = run("flask db show nowhere --json", url)
    assert (wrong.code, _json(wrong)["error"]["code"]) == (1, "configuration-error")


def test_nothing_to_do_is_said_without_importing_alembic(url, root):
    code = (
        "import sys; from service.cli.groups import db; db(['upgrade'], standalone_mode=False); "
        "db(['current'], standalone_mode=False); "
        "print([name for name in ('alembic', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        f"Nothing to do: the database is at {HEAD} (head).",
        f"{HEAD} (head)",
        "[]",
    ]


def test_wrong_use_is_exit_code_1_because_2_means_drift(run, url):
    for command in ("nonsense", "heads --nonsense", "merge", "upgrade --qsl", "plan -z"):
        done = run(f"flask db {command}", url)
        assert done.code == ExitCode.ERROR, command
        assert "Try 'flask db" in done.errors


def test_what_is_not_there_has_a_way_out(run, url):
    assert run("flask db current --check-heads", url).code == ExitCode.OK
    assert "flask db history -i" in run("flask db upgrade +1", url).errors
    assert run("flask db downgrade base", url).code == 0
    behind = run("flask db current --check-heads", url)
    assert f"at no revision, the head is {HEAD}: `flask db upgrade`" in behind.errors


def test_folder_and_values_may_stand_before_the_command(run, url, tmp_path):
    folder = tmp_path / "others"
    assert run(f"flask db init {folder}", None).code == 0
    made = run(f"flask db -d {folder} -x url={url} revision -m first --json", None)
    path = Path(_json(made)["revisions"][0]["path"])
    assert path.parent == folder / "versions"
    assert "first." in run(f"flask db -d {folder} show head", None).output
    again = run(f"flask db init {folder}", None)
    assert (again.code, "exists already and is not empty" in again.errors) == (1, True)


def test_init_takes_templates_of_alembic(run, tmp_path):
    assert "generic" in run("flask db list-templates", None).output
    assert run(f"flask db init --template generic --package {tmp_path / 'new'}", None).code == 0
    assert (tmp_path / "new" / "versions" / "__init__.py").exists()


def test_edit_opens_the_file(run, monkeypatch):
    monkeypatch.setenv("EDITOR", "echo")
    assert run("flask db edit head", None).code == 0


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_several_heads_are_exit_code_6_with_the_way_out(run, url, root, tmp_path, tool):
    folder = tmp_path / "forked"
    shutil.copytree(root / "migrations", folder)
    for name in ("one", "two"):
        written = run(f"flask db revision -d {folder} -m {name} --head {HEAD} --splice", url)
        assert written.code == 0, written.errors
    options = _place(tool, root, tmp_path, folder)
    stopped = run(f"{tool} {options} upgrade head", url)
    assert stopped.code == ExitCode.SEVERAL_HEADS, stopped.errors
    assert re.search(
        r"There are several heads: \w+ \((one|two)\) and \w+ \((one|two)\)", stopped.errors
    )
    assert "flask db merge heads" in stopped.errors
    assert "Traceback" not in stopped.errors
    ambiguous = run(f"{tool} {options} upgrade +1", url)
    assert ambiguous.code == ExitCode.SEVERAL_HEADS, ambiguous.errors
    assert "There are several heads" in ambiguous.errors
    merged = run(f"flask db -d {folder} merge heads -m both --json", url)
    assert merged.code == 0
    assert run(f"{tool} {options} upgrade head", url).code == 0


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_steps_back_from_several_heads_are_not_guessed(run, url, root, tmp_path, tool):
    folder = tmp_path / "forked"
    shutil.copytree(root / "migrations", folder)
    for name in ("one", "two"):
        run(f"flask db revision -d {folder} -m {name} --rev-id {name} --head {HEAD} --splice", url)
    assert run(f"flask db upgrade -d {folder} heads", url).code == 0
    options = _place(tool, root, tmp_path, folder)
    for step in ("-1", "-2"):
        refused = run(f"{tool} {options} downgrade {step}", url)
        assert refused.code == ExitCode.SEVERAL_HEADS, refused.errors
        assert "There are several heads: one (one) and two (two). Say whose" in refused.errors
        assert "flask db merge heads" in refused.errors
    both = "The database is at one (head) and two (head).\n"
    assert run(f"{tool} {options} upgrade heads", url).output == both
    named = run(f"{tool} {options} downgrade one@-1", url)
    assert (named.code, named.output) == (
        0,
        "The database is at two (head); 1 revision is pending.\n",
    )
    assert run(f"{tool} {options} downgrade -1", url).output.startswith(
        f"The database is at {HEAD}"
    )


def test_a_step_is_no_revision_to_stamp(run, url):
    for step in ("+1", "-1"):
        done = run(f"flask db stamp {step}", url)
        assert (done.code, f"{step} is a step" in done.errors) == (1, True)


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("upgrad", "upgrade"),
        ("import-sqlit", "import-sqlite"),
        ("upgrade --sqll", "--sql"),
        ("upgrade --jsn", "--json"),
        ("stamp --purg head", "--purge"),
        ("current --check-head", "--check-heads"),
        ("--directry x heads", "--directory"),
        ("backfill statu", "status"),
    ],
)
def test_what_may_have_been_meant_is_named(run, url, command, meant):
    done = run(f"flask db {command}", url)
    assert done.code == ExitCode.ERROR
    assert f"'{meant}'" in done.errors.partition("Did you mean")[2]


def test_check_tells_drift_and_what_it_can_not_compare(run, url, execute):
    execute(
        parse(url),
        "ALTER TABLE model_prices DROP CONSTRAINT ck_model_prices_ends_after_start",
        "CREATE VIEW names AS SELECT username FROM users",
    )
    done = run("flask db check", url)
    assert done.code == ExitCode.DRIFT
    assert "ck_model_prices_ends_after_start" in done.output
    assert "Beyond what models describe, and not compared: view names." in done.output
    (difference,) = _json(run("flask db check --json", url))["differences"]
    assert difference["name"] == "ck_model_prices_ends_after_start"
    stock = run("alembic check", url)
    assert stock.code != 0
    run("flask db downgrade -1", url)
    assert run("flask db check", url).code == ExitCode.BEHIND


def test_the_same_title_twice_makes_two_files(run, url, tmp_path):
    folder = tmp_path / "others"
    run(f"flask db init {folder}", None)
    for _ in range(2):
        assert run(f"flask db revision -d {folder} -m same", url).code == 0
    assert len(list((folder / "versions").glob("*_same_*.py"))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", "invalid syntax (broken.py, line 1)"),
        ("down_revision = None", "does not say which revision it is"),
        ("revision = 'a'", "does not say which revision it follows"),
        ("revision = 5\ndown_revision = None", "has no plain text as its `revision`"),
        ("revision = 'a' + 'b'\ndown_revision = None", "has no plain text as its `revision`"),
    ],
)
def test_a_file_that_is_no_revision_is_named(run, url, tmp_path, text, said):
    folder = tmp_path / "others"
    run(f"flask db init {folder}", None)
    (folder / "versions" / "broken.py").write_text(text, encoding="utf-8")
    for command in ("current", "status", "check"):
        done = run(f"flask db -d {folder} {command}", url)
        assert (done.code, "broken.py" in done.errors, said in done.errors) == (1, True, True)
    assert run(f"flask db -d {folder} upgrade", url).code == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "None", "b": "'gone'"}, "Revision b in b.py follows gone, which no file has"),
        ({"a": "'b'", "b": "'a'"}, "follow each other in a circle"),
        ({"a": "'b'", "b": "'a'", "c": "None"}, "follow each other in a circle"),
        ({"a": "None", "aa": "None"}, "Revision a is in two files, a.py and aa.py"),
    ],
)
def test_files_that_are_no_history_are_named(run, url, tmp_path, files, said):
    folder = tmp_path / "others"
    run(f"flask db init {folder}", None)
    for name, parent in files.items():
        text = f'"""T."""\nrevision = "{name[0]}"\ndown_revision = {parent}\n'
        (folder / "versions" / f"{name}.py").write_text(text, encoding="utf-8")
    for command in ("upgrade", "heads --json", "current", "status", "check", "lint --static"):
        done = run(f"flask db -d {folder} {command}", url)
        assert done.code == 1, command
        assert said in done.errors + done.output, command


def test_a_folder_without_migrations_is_told(run, url, tmp_path):
    for command in ("upgrade", "heads --json", "status", "lint --static", "plan"):
        done = run(f"flask db -d {tmp_path} {command}", url)
        assert done.code == 1, command
        assert "is not a folder of migrations" in done.errors + done.output, command


def test_wrong_use_is_a_document_too(run, url):
    for command in ("merge", "nonsense", "upgrade a b", "upgrade --sql", "backfill run"):
        done = run(f"flask db {command} --json", url)
        assert done.code == 1, command
        assert _json(done)["error"]["code"] == "usage-error", command


def test_a_traceback_is_shown_on_demand_only(run, url):
    assert "Traceback" not in run("flask db show nowhere", url).errors
    with pytest.raises(AssertionError):
        run("flask db show nowhere --debug", url)


def test_ensure_version_makes_only_the_table_of_versions(run, empty_database):
    empty = empty_database.render_as_string(hide_password=False)
    assert run("flask db ensure-version", empty).code == 0
    assert run("flask db current", empty).output == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere", "broken.py fails in line 4: ModuleNotFoundError: No module named"),
        ("def upgrade():\n    nowhere()", "broken.py fails in line 5: NameError: name 'nowhere'"),
        ("", "broken.py has no `upgrade`"),
    ],
)
@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_a_file_that_fails_is_named_with_the_line(  # noqa: PLR0917
    run, url, root, tmp_path, tool, text, said
):
    folder = tmp_path / "others"
    run(f"flask db init {folder}", None)
    head = f'"""T."""\nrevision = "a"\ndown_revision = None\n{text}\n'
    (folder / "versions" / "broken.py").write_text(head, encoding="utf-8")
    run("flask db stamp --purge --force base", url)
    done = run(f"{tool} {_place(tool, root, tmp_path, folder)} upgrade head", url)
    assert (done.code, "Traceback" in done.errors) == (1, False)
    assert said in done.errors


def _place(tool: str, root: Path, tmp_path: Path, folder: Path) -> str:
    """Name a folder of migrations as a tool takes it."""
    ini = tmp_path / "alembic.ini"
    text = (root / "alembic.ini").read_text(encoding="utf-8")
    text = text.replace("%(here)s/migrations", str(folder)).replace("%(here)s", str(root))
    ini.write_text(text, encoding="utf-8")
    return {"flask db": f"-d {folder}", "alembic": f"-c {ini}"}[tool]


def test_a_folder_that_is_a_package_has_revisions_too(run, url, tmp_path):
    folder = tmp_path / "others"
    assert run(f"flask db init --package {folder}", None).code == 0
    # Emacs's lock on a file that is being edited.
    (folder / "versions" / ".#a.py").symlink_to("nowhere")
    assert run(f"flask db revision -d {folder} -m first --rev-id first", url).code == 0
    assert run(f"flask db heads -d {folder}", url).output == "first (head)\n"


@pytest.mark.parametrize(
    "message", ['"', '"""', "\\", 'a\\"""b', "\\N", "%s${x}{y}", "한국어", "x" * 3000, "two\nlines"]
)
def test_any_message_can_be_read_again(tmp_path, message):
    folder = tmp_path / "others"
    runner = CliRunner()
    runner.invoke(db, ["init", str(folder)])
    assert runner.invoke(db, ["-d", str(folder), "revision", "-m", message]).exit_code == 0
    shown = json.loads(runner.invoke(db, ["-d", str(folder), "show", "--json"]).stdout)
    assert shown["revisions"][0]["title"] == message


def test_a_message_that_is_not_utf_8_is_refused(tmp_path):
    folder = tmp_path / "others"
    runner = CliRunner()
    runner.invoke(db, ["init", str(folder)])
    done = runner.invoke(db, ["-d", str(folder), "revision", "-m", "caf\udce9"])
    assert (done.exit_code, list((folder / "versions").iterdir())) == (1, [])
    assert "it is not in UTF-8" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--rev-id first", "is revision first already"),
        ("--rev-id head", "head can't be the id of a revision"),
        ("--rev-id ../../elsewhere", "can't be the id of a revision"),
        (f"--rev-id {'y' * 33}", "can't be the id of a revision"),
        ("--branch-label ours", "The branch label ours is taken by revision first"),
        ("--branch-label first", "The branch label first is taken by revision first"),
    ],
)
def test_a_name_that_would_break_the_history_is_refused(run, url, tmp_path, options, said):
    folder = tmp_path / "others"
    run(f"flask db init {folder}", None)
    run(f"flask db revision -d {folder} --rev-id first --branch-label ours", url)
    done = run(f"flask db revision -d {folder} {options}", url)
    assert (done.code, len(list((folder / "versions").glob("*.py")))) == (1, 1)
    assert said in done.errors


def test_steps_that_lead_nowhere_are_told(run, url):
    for command in ("upgrade base+99", "downgrade head-99", f"upgrade {HEAD}+99"):
        done = run(f"flask db {command}", url)
        assert done.code == 1, command
        assert "--debug" not in done.errors, command
    for command in ("upgrade a:b:c --sql", "history -r a:b:c", "history -r head"):
        done = run(f"flask db {command}", url)
        assert "is not a range" in done.errors, command
    missing = _json(run("flask db history --json -r nowhere:head", url))
    assert missing["error"]["code"] == "configuration-error"


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_a_misspelt_branch_takes_nothing_back(run, url, tool):
    done = run(f"{tool} downgrade nowhere@base", url)
    assert done.code == 1
    assert "'nowhere'" in done.errors
    assert f"{HEAD} (head)" in run("flask db current -c", url).output


@pytest.mark.parametrize("command", ["flask db upgrade -x url=", "alembic -x url= current"])
def test_an_empty_url_is_not_the_default_one(run, url, command):
    done = run(command, url)
    assert done.code == 1
    assert "-x url is not a Postgres URL" in done.errors


@pytest.mark.parametrize("command", ["rebase --dry-run", "squash --dry-run"])
def test_a_folder_without_revisions_has_nothing_to_move(run, url, tmp_path, command):
    run(f"flask db init {tmp_path / 'others'}", None)
    assert (
        "There are no revisions yet" in run(f"flask db {command} -d {tmp_path}/others", url).errors
    )
    assert (
        "is not a folder of migrations" in run(f"flask db {command} -d {tmp_path}/none", url).errors
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [("history", 0), ("upgrade --sql base:head", 0), ("doctor", 0), ("status", 0)],
)
def test_a_closed_or_full_output_is_no_traceback(url, root, command, code):
    program = Path(sys.executable).parent / "flask"
    environment = {**os.environ, "DATABASE_URL": url}
    for redirection, wanted in ((">&-", {code}), (">/dev/full", {0, 1})):
        done = subprocess.run(
            ["/bin/sh", "-c", f"'{program}' db {command} {redirection}"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in wanted, done.stderr
        assert "Traceback" not in done.stderr
        assert "AttributeError" not in done.stderr


@pytest.mark.parametrize("command", ["status", "check", "plan", "upgrade", "rehearse"])
def test_a_role_that_may_read_nothing_is_told(run, make_database, execute, command):
    there = make_database()
    execute(
        there,
        f"CREATE ROLE {there.database} LOGIN PASSWORD 's3cret'",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC",
    )
    poor = there.set(username=there.database, password="s3cret")  # noqa: S106
    try:
        done = run(f"flask db {command}", poor.render_as_string(hide_password=False))
        assert done.code == 1
        assert "refuses a statement: permission denied for table" in done.errors
        assert "--debug" not in done.errors
        assert "s3cret" not in done.errors
    finally:
        execute(there, f"DROP ROLE {there.database}")
