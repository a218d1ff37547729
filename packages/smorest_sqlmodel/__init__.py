"""flask-smorest that speaks SQLModel and pydantic: Api, Blueprint, problem details, OpenAPI 3.1."""

from smorest_sqlmodel.blueprint import Blueprint
from smorest_sqlmodel.openapi import Api

__all__ = ["Api", "Blueprint"]
