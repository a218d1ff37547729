"""`flask neon`: the branches of a project on Neon, one file per command."""

from service.cli.neon.group import neon

__all__ = ["neon"]
