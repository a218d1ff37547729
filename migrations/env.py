"""How Alembic reaches the database and compares it with the models.

It serves `alembic` and `flask db` alike, and never imports flask. The database is, in this order:
`-x url=...`, a connection or engine in `config.attributes["connection"]`, DIRECT_DATABASE_URL,
DATABASE_URL made direct, the embedded server.
"""

from logging.config import fileConfig

from alembic import context

from safe_migrations.execution.environment import compares_models, run

config = context.config
if config.config_file_name and config.attributes.get("configure_logging", True):
    fileConfig(config.config_file_name, disable_existing_loggers=False)

if compares_models(config):
    from safe_migrations.autogenerate.options import options

    run(context, options(config))
else:
    # Most commands run without the models, whose import takes as long as all of Alembic's.
    run(context, {})
