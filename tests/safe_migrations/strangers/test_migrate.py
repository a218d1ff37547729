"""What `Migrate` is told in code is what its commands work with."""

from flask import Flask
from sqlalchemy import MetaData

from safe_migrations import Migrate, SchemaSettings


def test_settings_and_tables_of_others_are_given_in_code():
    app = Flask(__name__)
    settings = SchemaSettings(
        database_url="postgresql://pooler/books",
        direct_database_url="postgresql://server/books",
        schema_other_tables=("jobs",),
    )
    migrate = Migrate(app, metadata=MetaData(), settings=settings, other_tables=("legacy_*",))
    found = migrate.project(app).settings
    assert found.direct_database_url == "postgresql://server/books"
    assert found.schema_other_tables == ("jobs", "legacy_*")
