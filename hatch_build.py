"""Leaves `flask` and `alembic` to Flask and Alembic where the libraries are installed from a wheel.

An editable installation is the project itself, with its `.env`, `alembic.ini` and `migrations/`.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Programs(BuildHookInterface[Any]):
    """Takes the project's programs out of wheels that are no editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's
        """Begin a build."""
        if version != "editable":
            self.metadata.core.scripts.clear()
