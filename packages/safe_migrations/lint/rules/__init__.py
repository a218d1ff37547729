"""The rules: each a file here, which declares the rule of its name beside what detects it."""

from importlib import import_module
from pkgutil import iter_modules

from safe_migrations.lint.rule import Rule


def _declared(name: str) -> Rule:
    """Import a file's rule; what else the folder may hold is none."""
    found = getattr(import_module(f"{__name__}.{name}"), name, None)
    if not isinstance(found, Rule):
        message = f"lint/rules/{name}.py declares no rule of the name {name}."
        raise TypeError(message)
    return found


RULES = tuple(_declared(item.name) for item in iter_modules(__path__))
BY_ID = {item.id: item for item in RULES}

__all__ = ["BY_ID", "RULES"]
