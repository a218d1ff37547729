"""The groups `flask db` and `flask neon`, told what they are about: the trip planner's database."""

from safe_migrations.commands.group import db_group
from serverless_postgres.neon_commands.group import neon_group
from service.schema import project
from service.settings import ROOT, Settings

db = db_group(
    project,
    more={
        "adopt": "service.cli.adopt",
        "import-predecessor": "service.cli.import_predecessor",
        "import-sqlite": "service.cli.import_predecessor",
    },
)
neon = neon_group(Settings.load, env_file=ROOT / ".env")
