"""What `migrate` writes is what lint recommends: both are made of one recipe."""

import ast
import re

import pytest

from safe_migrations import cookbook
from safe_migrations.autogenerate.place import Place
from safe_migrations.lint.fixes import NEXT, printed
from safe_migrations.lint.run import lint
from safe_migrations.runner import configuration
from service.schema import project


def upgraded(revision: str) -> str:
    """Take the code of a revision's upgrade, without comments and layout."""
    [upgrade] = [
        node
        for node in ast.parse(revision).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    body = [node for node in upgrade.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del body[0]
    return said("\n".join(map(ast.unparse, body)))


def said(code: str) -> str:
    """Write code in one way, without what Alembic says of an operation though it is usual."""
    module = ast.parse(code)
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            usual = {"schema=None", "unique=False"}
            node.keywords = [item for item in node.keywords if ast.unparse(item) not in usual]
            node.keywords.sort(key=lambda item: item.arg or "")
    # Whether a name is a convention's depends on the models, of which lint knows nothing.
    return re.sub(r"op\.f\(('\w+')\)", r"\1", ast.unparse(module))


def recommended(drifting, tmp_path, made: str, sql: str, rule: str) -> list[str]:
    """Ask lint about a statement, on the server's version, after `made`."""
    folder = tmp_path / "linted"
    (folder / "versions").mkdir(parents=True)
    for revision, after, text in (("made", None, made), ("asked", "made", sql)):
        (folder / "versions" / f"{revision}.py").write_text(
            f"from alembic import op\nrevision = {revision!r}\ndown_revision = {after!r}\n"
            f"def upgrade():\n    op.execute({text!r})\n",
            encoding="utf-8",
        )
    config = configuration(project().at(folder), quiet=True)
    with drifting.engine.connect() as connection:
        findings = lint(config, "made:asked", connection).findings
    [found] = [item for item in findings if item.rule == rule]
    return [said(step) for step in found.fix.split(f"\n{NEXT}\n")]


MADE = """
    CREATE TABLE users (id int PRIMARY KEY, email text, nick text, age int);
    CREATE TABLE bookings (id int, user_id int);
    CREATE INDEX ix_old ON users (age)
"""


@pytest.mark.parametrize("since", [18, 19], ids=["Postgres 18", "before Postgres 18"])
def test_set_not_null_is_the_same_on_each_version(drifting, tmp_path, monkeypatch, since):
    monkeypatch.setattr(cookbook, "NOT_NULL_NOT_VALID_SINCE", since)
    change = "ALTER TABLE users ALTER email {} NOT NULL"
    drifting.change(change.format("DROP"))
    drifting.migrate()
    steps = recommended(drifting, tmp_path, MADE, change.format("SET"), "set-not-null-scans")
    assert [upgraded(text) for text in drifting.files()] == steps
    assert len(steps) == (2 if since == 18 else 3)


@pytest.mark.parametrize("major", range(12, 19))
def test_versions(major):
    code = printed(cookbook.required(Place("library", "loans"), "due", major))
    steps = code.split(f"\n{NEXT}\n")
    validate = 'op.execute("ALTER TABLE library.loans VALIDATE CONSTRAINT {}loans_due_not_null")'
    if major >= 18:
        assert "ADD CONSTRAINT loans_due_not_null NOT NULL due NOT VALID" in steps[0]
        assert steps[1:] == [validate.format("")]
    else:
        assert "ck_loans_due_not_null" in steps[0]
        assert "postgresql_not_valid=True" in steps[0]
        assert steps[1] == validate.format("ck_")
        assert 'op.alter_column("loans", "due", nullable=False, schema="library")' in steps[2]
        assert "op.drop_constraint" in steps[2]


CONSTRAINTS = {
    "check-validates": ("users", "ck_users_age_positive", "CHECK (age > 0)"),
    "unique-builds-index": ("users", "uq_users_email", "UNIQUE (email)"),
    "primary-key-builds-index": ("bookings", "pk_bookings", "PRIMARY KEY (id)"),
    "foreign-key-validates": (
        *("bookings", "fk_bookings_user_id_users"),
        "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
    ),
}
CHANGES = {
    "index-not-concurrent": ("DROP INDEX {}", "CREATE INDEX {} ON users (nick)", "ix_users_nick"),
    "drop-index-not-concurrent": ("CREATE INDEX {} ON users (age)", "DROP INDEX {}", "ix_old"),
} | {
    rule: (f"ALTER TABLE {table} DROP CONSTRAINT {{}}", f"ALTER TABLE {table} ADD {{}}", name)
    for rule, (table, name, _) in CONSTRAINTS.items()
}


@pytest.mark.parametrize("rule", CHANGES)
def test_what_lint_recommends_is_what_migrate_writes(drifting, tmp_path, rule):
    undo, change, name = CHANGES[rule]
    if rule in CONSTRAINTS:
        change = change.format(f"CONSTRAINT {name} {CONSTRAINTS[rule][2]}")
    drifting.change(undo.format(name))
    drifting.migrate()
    steps = recommended(drifting, tmp_path, MADE, change.format(name), rule)
    assert [upgraded(text) for text in drifting.files()] == steps
