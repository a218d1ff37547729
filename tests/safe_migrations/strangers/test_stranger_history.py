"""Projects of Flask-Migrate and plain Alembic keep their history, and env.py but for two lines."""

import pytest

# As Flask-Migrate 4.1 writes it, shortened by its comments.
FLASK_MIGRATE = """
import logging
from logging.config import fileConfig

from flask import current_app

from alembic import context

config = context.config
fileConfig(config.config_file_name)
logger = logging.getLogger("alembic.env")


def get_engine():
    try:
        return current_app.extensions["migrate"].db.get_engine()
    except (TypeError, AttributeError):
        return current_app.extensions["migrate"].db.engine


def get_engine_url():
    try:
        return get_engine().url.render_as_string(hide_password=False).replace("%", "%%")
    except AttributeError:
        return str(get_engine().url).replace("%", "%%")


config.set_main_option("sqlalchemy.url", get_engine_url())
target_db = current_app.extensions["migrate"].db


def get_metadata():
    if hasattr(target_db, "metadatas"):
        return target_db.metadatas[None]
    return target_db.metadata


def run_migrations_offline():
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata=get_metadata(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    conf_args = current_app.extensions["migrate"].configure_args
    connectable = get_engine()
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=get_metadata(), **conf_args)
        with context.begin_transaction():
            context.run_migrations()


"""
FLASK_MIGRATE_INI = """
[alembic]

[loggers]
keys = root,sqlalchemy,alembic,flask_migrate

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARN
handlers = console
qualname =

[logger_sqlalchemy]
level = WARN
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[logger_flask_migrate]
level = INFO
handlers =
qualname = flask_migrate

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""
MAKO = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# revision identifiers, used by Alembic.
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
OLD = '''"""empty message

Revision ID: 6b7b5c1a3b7e
Revises:
Create Date: 2024-05-01 10:00:00.000000

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '6b7b5c1a3b7e'
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('book',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=128), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )


def downgrade():
    op.drop_table('book')
'''
MODELS = """
import os

from sqlalchemy import MetaData, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(String(128))
"""
APP = """
from flask import Flask

from models import Base, create_engine, os
from safe_migrations import Migrate

app = Flask(__name__)


class db:  # What env.py asks of the object of Flask-SQLAlchemy.
    metadata = Base.metadata
    engine = create_engine(os.environ["DATABASE_URL"].replace("://", "+psycopg2://"))


Migrate(app, db)
"""
PLAIN_INI = """
[alembic]
script_location = %(here)s/alembic
prepend_sys_path = .
sqlalchemy.url = driver://user:pass@localhost/dbname
"""
PLAIN = """
from alembic import context
from models import Base

config = context.config
target_metadata = Base.metadata

"""


@pytest.fixture
def migrations(request, tmp_path):
    """A folder with the history of somebody who had never heard of safe_migrations."""
    folder = tmp_path / getattr(request, "param", "migrations")
    (folder / "versions").mkdir(parents=True)
    (folder / "script.py.mako").write_text(MAKO, encoding="utf-8")
    (folder / "versions" / "6b7b5c1a3b7e_.py").write_text(OLD, encoding="utf-8")
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    return folder


def _add_a_column(tmp_path):
    more = MODELS + "    pages: Mapped[int | None]\n"
    (tmp_path / "models.py").write_text(more, encoding="utf-8")


def test_a_project_of_flask_migrate(tmp_path, migrations, flask_db):
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (migrations / "alembic.ini").write_text(FLASK_MIGRATE_INI, encoding="utf-8")
    two = "from safe_migrations import run\nrun(context, target_metadata=get_metadata())\n"
    (migrations / "env.py").write_text(FLASK_MIGRATE + two, encoding="utf-8")
    first = flask_db("upgrade", "check", "lint --all", "history")
    assert [code for code, _ in first] == [0] * 4, first
    assert "empty message" in first[3][1]
    _add_a_column(tmp_path)
    second = flask_db("migrate -m 'Add pages'", "plan", "upgrade", "check", "downgrade base")
    assert [code for code, _ in second] == [0] * 5, second
    assert "book.pages" in second[1][1] or "ADD COLUMN pages" in second[1][1]


@pytest.mark.parametrize("migrations", ["alembic"], indirect=True)
def test_a_project_of_plain_alembic(tmp_path, migrations, alembic):
    ini = PLAIN_INI.replace("sqlalchemy.url", "# sqlalchemy.url")
    (tmp_path / "alembic.ini").write_text(ini, encoding="utf-8")
    two = "from safe_migrations import run\nrun(context, target_metadata=target_metadata)\n"
    (migrations / "env.py").write_text(PLAIN + two, encoding="utf-8")
    for arguments in (["upgrade", "head"], ["check"]):
        code, said = alembic(*arguments)
        assert code == 0, said
    _add_a_column(tmp_path)
    code, said = alembic("check")
    assert (code, "pages" in said) == (255, True), said
    for arguments in (
        ["revision", "--autogenerate", "-m", "Add pages"],
        ["upgrade", "head"],
        ["check"],
        ["downgrade", "base"],
    ):
        code, said = alembic(*arguments)
        assert code == 0, said


@pytest.mark.parametrize("migrations", ["alembic"], indirect=True)
def test_without_models_nothing_is_compared_but_upgrades_work(tmp_path, migrations, alembic):
    """Autogeneration against no models at all would drop every table."""
    (tmp_path / "alembic.ini").write_text(PLAIN_INI.replace("sqlalchemy.url", "# url"), "utf-8")
    env = "from alembic import context\nfrom safe_migrations import run\nrun(context)\n"
    (migrations / "env.py").write_text(env, encoding="utf-8")
    code, said = alembic("upgrade", "head")
    assert code == 0, said
    code, said = alembic("revision", "--autogenerate", "-m", "x")
    assert (code, "It is not known where the models are" in said) == (1, True), said
