"""`python -m service.cli.neon ...` is `flask neon ...` without waiting for Flask's imports."""

from service.cli.neon.group import neon

neon(prog_name="flask neon")
