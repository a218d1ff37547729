"""Revisions that ask a database, fail, or do more than change it: all of them is looked at."""

import os
import subprocess
import time

import pytest

from plain_commands.errors import PlainError
from safe_migrations.lint.run import lint
from safe_migrations.plan import plan
from safe_migrations.recording import recorder
from safe_migrations.runner import configuration
from safe_migrations.target import connected
from service.schema import project

DROP = 'op.drop_column("users", "bio")'
UNKNOWN = ["drop-column", "not-analysable"]


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        # commit() on the connection
        (
            (
                "op.get_bind().commit()\nwith op.get_context().autocommit_block():\n    "
                'op.create_index("ix", "users", ["bio"], postgresql_concurrently=True)'
            ),
            [],
        ),
        (f"op.get_bind().commit()\n{DROP}", ["drop-column"]),
        (f"op.get_bind().rollback()\n{DROP}", ["drop-column", "transaction-control"]),
        # rows
        ('op.get_bind().execute(sa.text("SELECT id FROM users"))', []),
        (
            'for row in op.get_bind().execute(sa.text("SELECT id, bio FROM users")):\n    '
            "op.execute(f\"UPDATE users SET bio = '{row.bio.strip()}' WHERE id = {row.id}\")\n"
            + DROP,
            UNKNOWN,
        ),
        (
            (
                'for id, bio in op.get_bind().execute(sa.text("SELECT * FROM currencies")):\n    '
                f"print(id + bio)\n{DROP}"
            ),
            UNKNOWN,
        ),
        (
            (
                'rows = op.get_bind().execute(sa.text("SELECT id FROM users")).fetchall()\n'
                f"if not rows:\n    {DROP}"
            ),
            UNKNOWN,
        ),
        (
            (
                'if op.get_bind().scalar(sa.text("SELECT count(*) FROM users")) == 0:\n    '
                f'{DROP}\nelse:\n    op.execute("TRUNCATE users")'
            ),
            [*UNKNOWN, "truncate"],
        ),
        (
            (
                'row = op.get_bind().execute(sa.text("SELECT id FROM users")).first()\n'
                f"if row is None:\n    {DROP}"
            ),
            UNKNOWN,
        ),
        (
            "while True:\n    rows = op.get_bind().execute(sa.text("
            '"SELECT id FROM users LIMIT 9")).all()\n    if not rows:\n        break\n' + DROP,
            UNKNOWN,
        ),
        (
            (
                'while op.get_bind().execute(sa.text("DELETE FROM users WHERE id = 1")).rowcount:\n'
                f"    pass\n{DROP}"
            ),
            UNKNOWN,
        ),
        (
            (
                'row = op.get_bind().execute(sa.text("SELECT profile FROM users")).one()\n'
                f'print(row.profile["a"].get("b") + 1, int(row[0]), f"{{row[0]:>4}}")\n{DROP}'
            ),
            UNKNOWN,
        ),
        (
            "from sqlalchemy.orm import Session\n"
            "session = Session(bind=op.get_bind())\n"
            'session.execute(sa.text("TRUNCATE users"))\nsession.commit()\n' + DROP,
            ["drop-column", "truncate"],
        ),
        (
            'cursor = op.get_bind().connection.cursor()\ncursor.execute("TRUNCATE users")\n' + DROP,
            ["drop-column", "truncate"],
        ),
        # a signal that nobody swallows
        (
            (
                "try:\n    row = op.get_bind().execute(sa.text('SELECT id FROM users')).one()\n"
                f"    print({{}}[row.id])\nexcept BaseException:\n    pass\n{DROP}"
            ),
            UNKNOWN,
        ),
        # statements that fail
        (f'op.no_such_operation("users")\n{DROP}', UNKNOWN),
        (f"raise RuntimeError\n{DROP}", UNKNOWN),
        (f"if True:\n    raise SystemExit\n{DROP}", UNKNOWN),
        (f"with op.get_bind().begin():\n    pass\n{DROP}", UNKNOWN),
        # the inspector
        (
            (
                "names = sa.inspect(op.get_bind()).get_table_names()\n"
                f'if "users" in names:\n    {DROP}'
            ),
            UNKNOWN,
        ),
        (
            'if not sa.inspect(op.get_bind()).has_table("users"):\n    ' + DROP,
            UNKNOWN,
        ),
        (
            (
                'columns = sa.inspect(op.get_bind()).get_columns("users")\n'
                f'if "old_bio" in [item["name"] for item in columns]:\n    {DROP}'
            ),
            UNKNOWN,
        ),
        (
            (
                'table = sa.Table("users", sa.MetaData(), autoload_with=op.get_bind())\n'
                f"op.execute(table.delete())\n{DROP}"
            ),
            ["data-change-with-ddl", *UNKNOWN],
        ),
        # loops without an end
        (
            "while True:\n    if op.get_bind().scalar(sa.text('SELECT 1')) == 2:\n        pass",
            ["not-analysable"],
        ),
    ],
)
def test_all_is_looked_at(rules, upgrade, expected, monkeypatch):
    monkeypatch.setattr(recorder, "_ENDLESS", 300)  # As many as it takes would take half a minute.
    assert sorted(set(rules(upgrade))) == sorted(expected)


def test_with_a_database_the_inspector_is_answered(started_database):
    started = started_database
    started.write(
        "asks",
        'columns = [c["name"] for c in sa.inspect(op.get_bind()).get_columns("users")]\n'
        f'if "bio" in columns:\n    {DROP}\nif "nothing" in columns:\n    op.drop_table("users")',
    )
    config = configuration(project().at(started.folder), quiet=True)
    with connected(started.url, timeout_s=5) as connection:
        assert [item.rule for item in lint(config, None, connection).findings] == ["drop-column"]
        [planned] = plan(config, connection)
    assert [item.sql for item in planned.statements] == ["ALTER TABLE users DROP COLUMN bio"]


SIDE_EFFECTS = {
    "file": 'import pathlib\npathlib.Path(__file__).with_name("written").write_text("x")',
    "file of an open": 'with open(__file__ + ".written", "a") as file:\n    file.write("x")',
    "removal": "import os\nos.remove(__file__)",
    "network": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "program": "import subprocess\nsubprocess.run(['touch', __file__ + '.written'])",
    "shell": "import os\nos.system('true')",
    "thread": "import threading\nthreading.Thread(target=print).start()",
    "exit": "import os\nos._exit(0)",
    "signal": "import os\nos.kill(os.getpid(), 9)",
    "database": "import psycopg2\npsycopg2.connect('postgresql://127.0.0.1:9/x')",
    "engine": "sa.create_engine('postgresql+psycopg2://127.0.0.1:9/x').connect()",
    "swallowed": "try:\n    import os\n    os.system('true')\nexcept BaseException:\n    pass",
}


@pytest.mark.parametrize("code", [pytest.param(v, id=k) for k, v in SIDE_EFFECTS.items()])
@pytest.mark.parametrize("where", ["upgrade", "import"])
def test_code_does_nothing_but_lint_says_so(started, code, where):
    if where == "upgrade":
        started.write("acts", f"{code}\n{DROP}")
    else:
        started.write("acts", DROP, top=code)
    found = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    told = {item.rule for item in found}
    assert "side-effect" in told
    assert told & {"drop-column", "cannot-be-imported"}
    files = {path.name for path in (started.folder / "versions").iterdir()}
    assert files - {"__pycache__"} == {"acts.py", "base.py"}


def test_a_file_of_the_folder_may_be_read(started):
    (started.folder / "up.sql").write_text("TRUNCATE users", encoding="utf-8")
    started.write(
        "reads",
        "from pathlib import Path\n"
        'op.execute((Path(__file__).parent.parent / "up.sql").read_text())\n'
        'Path("/etc/passwd").read_text()',
    )
    found = lint(configuration(project().at(started.folder), quiet=True), "start:").findings
    assert [item.rule for item in found] == ["side-effect", "truncate"]
    assert "/etc/passwd" in found[0].why


def test_outside_of_lint_all_works_as_before(started, tmp_path):
    started.write("acts", "import os\nos._exit")
    lint(configuration(project().at(started.folder), quiet=True), "start:")
    (tmp_path / "free").write_text("x", encoding="utf-8")
    subprocess.run(["/bin/true"], check=True)
    began = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - began >= 0.01
    assert os._exit.__name__ == "_exit"


@pytest.mark.parametrize(
    "top",
    [
        "import not_installed_here",
        "raise RuntimeError('no app')",
        "raise SystemExit(0)",
        "import os\nos._exit(0)",
        "def broken(:",
    ],
)
def test_what_cannot_be_imported_is_a_finding_and_the_others_are_looked_at(started, top):
    started.write("broken", "pass", top=top)
    started.write("last", DROP)
    found = lint(
        configuration(project().at(started.folder), quiet=True, lenient=True), "start:"
    ).findings
    by_rule = {item.rule: item for item in found}
    assert by_rule["drop-column"].revision == "last"
    assert by_rule["cannot-be-imported"].revision == "broken"
    assert by_rule["cannot-be-imported"].line > 1


@pytest.mark.parametrize("top", ["import not_installed_here", "raise SystemExit(0)"])
@pytest.mark.parametrize("command", ["history", "upgrade"])
def test_other_commands_name_the_file_that_cannot_be_imported(started, top, command):
    started.write("broken", "pass", top=top)
    with pytest.raises(PlainError, match=r"broken\.py fails in line"):
        started.run(command, *(["head"] if command == "upgrade" else []))


ENV = """
import sqlalchemy as sa
from alembic import context
from alembic.operations import MigrateOperation, Operations


@Operations.register_operation("{name}")
class Op(MigrateOperation):
    def __init__(self, table):
        self.table = table

    @classmethod
    def {name}(cls, operations, table):
        return operations.invoke(cls(table))


@Operations.implementation_for(Op)
def run(operations, operation):
    operations.execute(f"TRUNCATE {{operation.table}}")


target_metadata = sa.MetaData(
    naming_convention={{"ck": "ck_%(table_name)s_%(constraint_name)s", "pk": "pk_%(table_name)s"}}
)
{configure}
"""
ONLINE = """
with sa.create_engine("postgresql+psycopg2://127.0.0.1:9/x").connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    context.run_migrations()
"""
OFFLINE = """
if context.is_offline_mode():
    context.configure(url="postgresql://", target_metadata=target_metadata)
    context.run_migrations()
"""


@pytest.mark.parametrize(("name", "configure"), [("wipe_a", ONLINE), ("wipe_b", OFFLINE)])
def test_env_py_is_asked_for_its_operations_and_naming_convention(started, name, configure):
    env = ENV.format(name=name, configure=configure)
    (started.folder / "env.py").write_text(env, encoding="utf-8")
    started.write(
        "own", f'op.{name}("users")\nop.create_check_constraint("small", "trips", "budget < 9")'
    )
    report = lint(configuration(project().at(started.folder), quiet=True), "start:")
    assert [item.rule for item in report.findings] == [
        *("truncate", "check-validates", "several-tables-locked")
    ]
    assert "ck_trips_small" in report.findings[1].fix
    assert (report.problem is None) is (configure == OFFLINE)
