"""Generations over REST."""

from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api_access import Blueprint, Scope
from json_rows.listing import Selection
from json_rows.selection import fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.generations import NEW_GENERATION, generations
from service.models import examples
from service.models.generation import (
    GenerationCreate,
    GenerationFilter,
    GenerationRead,
    WorkflowGenerationFilter,
)

blueprint = Blueprint(
    "generations",
    __name__,
    description="Generations: one LLM call each, with its tokens, its latency and its cost.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


@blueprint.get("/workflows/<uuid:workflow_id>/generations")
@blueprint.arguments(WorkflowGenerationFilter, location="query")
@blueprint.paginate(generations.listing)
def list_workflow_generations(filters: SQLModel, workflow_id: UUID) -> Selection:
    """List the generations of a workflow.

    The newest first, unless `sort` says otherwise. Prompts and outputs are only there with
    `include`.
    """
    return generations.within(workflow_id, filters)


@blueprint.post("/workflows/<uuid:workflow_id>/generations", needs=Scope.INGEST)
@blueprint.arguments(GenerationCreate, example=examples.NEW_GENERATION)
@blueprint.response(201, GenerationRead, location="get_generation")
@blueprint.alt_response(200, schema=GenerationRead, description="The generation was there already.")
def create_generation(new: GenerationCreate, workflow_id: UUID) -> Query:
    """Record a generation.

    Whatever the state of its workflow. A cost that the client does not give is computed from the
    price list and stays as it is then; it is null when the list has no price for the model, or a
    token count is missing.
    """
    return NEW_GENERATION.query(new, workflow_id)


@blueprint.get("/generations")
@blueprint.arguments(GenerationFilter, location="query")
@blueprint.paginate(generations.listing)
def list_generations(filters: GenerationFilter) -> Selection:
    """List generations.

    Those of all workflows, the newest first, unless `sort` says otherwise. Prompts and outputs are
    only there with `include`.
    """
    return generations.where(filters)


@blueprint.get("/generations/<uuid:generation_id>")
@blueprint.arguments(fields_of(GenerationRead), location="query")
@blueprint.response(200, GenerationRead)
def get_generation(chosen: Any, generation_id: UUID) -> Query:
    """Get a generation.

    With its prompts and its output.
    """
    return generations.get(generation_id, chosen.fields)
