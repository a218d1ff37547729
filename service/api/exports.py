"""Itineraries as other programs read them, and lists as files."""

import re
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response
from sqlmodel import Field

from api_access import Blueprint
from json_rows.downloads import download, members_model, names_of
from json_rows.listing import Selection
from json_rows.models import INT_MAX, Input, like
from json_rows.streaming import stream
from json_rows.work import unit_of_work
from service.api.guards import SCHEMA
from service.domain.exports import VersionPlan, plan_of
from service.domain.generations import generations
from service.domain.workflows import workflows
from service.exports import geojson, gpx, ics, markdown
from service.exports.tables import CSV, JSON_LINES, csv_lines, json_lines
from service.exports.texts import one_line
from service.models import examples
from service.models.generation import GenerationFilter
from service.models.workflow import WorkflowFilter

plans = Blueprint(
    "exported_itineraries",
    __name__,
    url_prefix="/itineraries",
    description="Itineraries as calendars, maps and texts.",
    guards=(SCHEMA,),
    path_examples=examples.PATH | {"itinerary_id": examples.ITINERARY_ID},
)

lists = Blueprint(
    "exported_lists",
    __name__,
    description="Lists as files: all rows that fit the filters, sent while they are read.",
    guards=(SCHEMA,),
    transaction=False,
)

LONGEST_NAME = 80
"""How many characters of its title the name of a file has."""

_UNFIT = re.compile(r'[/\\:*?"<>|%]|^\.+')
"""What names of files can't have on one system or another."""

_DISPOSITION = {
    "Content-Disposition": {
        "description": "Suggests a name for the file (RFC 6266).",
        "schema": {"type": "string", "examples": ['attachment; filename="itinerary.ics"']},
    }
}


class ExportedVersion(Input):
    """Which version to export."""

    version: int | None = Field(
        default=None,
        ge=1,
        le=INT_MAX,
        description="Its number; left out, it is the current version.",
        schema_extra=like(1),
    )


class CsvOptions(Input):
    """How a CSV file is written."""

    bom: bool = Field(
        default=False,
        description="Whether it begins with a byte order mark, by which Excel knows UTF-8.",
        schema_extra=like(example=True),
    )


answers = partial(plans.response, 200, etag=True, headers=_DISPOSITION)


@plans.get("/<uuid:itinerary_id>.ics")
@plans.arguments(ExportedVersion, location="query")
@answers(str, content_type=ics.MEDIA_TYPE)
@plans.alt_response(409)
def export_calendar(wanted: ExportedVersion, itinerary_id: UUID) -> Any:
    """Export an itinerary as a calendar (iCalendar).

    Each item is an event, whose UID stays from version to version; SEQUENCE is the version's
    number. Without a `plan_date` there is no calendar: 409.
    """
    plan = _plan(itinerary_id, wanted)
    body = ics.calendar(
        plan,
        uid=lambda item_id: f"{item_id}@{itinerary_id}",
        sequence=plan.number,
        name=plan.title,
    )
    return body, _named(plan, "ics")


@plans.get("/<uuid:itinerary_id>.geojson")
@plans.arguments(ExportedVersion, location="query")
@answers(geojson.FeatureCollection, content_type=geojson.MEDIA_TYPE)
def export_map(wanted: ExportedVersion, itinerary_id: UUID) -> Any:
    """Export an itinerary as a map (GeoJSON).

    Each item is a point, or has no geometry where its coordinates aren't known; the last feature is
    the route, straight from place to place.
    """
    plan = _plan(itinerary_id, wanted)
    return geojson.feature_collection(plan), _named(plan, "geojson")


@plans.get("/<uuid:itinerary_id>.gpx")
@plans.arguments(ExportedVersion, location="query")
@answers(str, content_type=gpx.MEDIA_TYPE)
def export_route(wanted: ExportedVersion, itinerary_id: UUID) -> Any:
    """Export an itinerary as a route (GPX).

    GPX 1.1, for navigation devices; of items without coordinates it only says how many there are.
    """
    plan = _plan(itinerary_id, wanted)
    return gpx.gpx(plan), _named(plan, "gpx")


@plans.get("/<uuid:itinerary_id>.md")
@plans.arguments(ExportedVersion, location="query")
@answers(str, content_type=markdown.MEDIA_TYPE)
def export_text(wanted: ExportedVersion, itinerary_id: UUID) -> Any:
    """Export an itinerary as a text (Markdown).

    A list of its items, with notes and the way on; nothing in it is HTML.
    """
    plan = _plan(itinerary_id, wanted)
    return markdown.markdown(plan), _named(plan, "md")


@lists.get("/workflows.csv")
@lists.arguments(WorkflowFilter, location="query")
@lists.arguments(members_model(workflows.listing), location="query")
@lists.arguments(CsvOptions, location="query")
@lists.response(200, str, content_type=CSV, headers=_DISPOSITION)
def export_workflows_as_csv(filters: WorkflowFilter, chosen: Any, how: CsvOptions) -> Response:
    """Export workflows as CSV.

    All that fit the filters, the newest first. Nested members are JSON; a text that a spreadsheet
    would take for a formula begins with `'`. A file that could not be finished ends with its
    connection, and without the last chunk.
    """
    return _csv(workflows.where(filters), chosen, how, "workflows.csv")


@lists.get("/workflows.jsonl")
@lists.arguments(WorkflowFilter, location="query")
@lists.arguments(members_model(workflows.listing), location="query")
@lists.response(200, str, content_type=JSON_LINES, headers=_DISPOSITION)
def export_workflows_as_json_lines(filters: WorkflowFilter, chosen: Any) -> Response:
    """Export workflows as JSON Lines.

    All that fit the filters, the newest first, each as lists have it. A file that could not be
    finished ends with its connection, and without the last chunk.
    """
    return _json_lines(workflows.where(filters), chosen, "workflows.jsonl")


@lists.get("/generations.csv")
@lists.arguments(GenerationFilter, location="query")
@lists.arguments(members_model(generations.listing), location="query")
@lists.arguments(CsvOptions, location="query")
@lists.response(200, str, content_type=CSV, headers=_DISPOSITION)
def export_generations_as_csv(filters: GenerationFilter, chosen: Any, how: CsvOptions) -> Response:
    """Export generations as CSV.

    All that fit the filters, the newest first, written as workflows are; prompts and outputs are
    only there with `include`.
    """
    return _csv(generations.where(filters), chosen, how, "generations.csv")


@lists.get("/generations.jsonl")
@lists.arguments(GenerationFilter, location="query")
@lists.arguments(members_model(generations.listing), location="query")
@lists.response(200, str, content_type=JSON_LINES, headers=_DISPOSITION)
def export_generations_as_json_lines(filters: GenerationFilter, chosen: Any) -> Response:
    """Export generations as JSON Lines.

    All that fit the filters, the newest first, each as lists have it; prompts and outputs are only
    there with `include`.
    """
    return _json_lines(generations.where(filters), chosen, "generations.jsonl")


def _plan(itinerary: UUID, wanted: ExportedVersion) -> VersionPlan:
    row = unit_of_work().run(plan_of(itinerary, wanted.version))
    return VersionPlan.model_validate_json(row.json)


def _named(plan: VersionPlan, suffix: str) -> dict[str, str]:
    """Name the file of a plan by its title, and for old clients in ASCII (RFC 6266, 4.3)."""
    title = _UNFIT.sub(" ", one_line(plan.title))[:LONGEST_NAME].strip() or "itinerary"
    full = quote(f"{title}.{suffix}", safe="")
    plain = f'attachment; filename="itinerary.{suffix}"'
    return {"Content-Disposition": f"{plain}; filename*=UTF-8''{full}"}


def _csv(selection: Selection, chosen: Any, how: CsvOptions, name: str) -> Response:
    names = names_of(selection, chosen)
    rows = stream(selection, unit_of_work(), fields=names)
    return download(csv_lines(rows, names, has_bom=how.bom), CSV, name)


def _json_lines(selection: Selection, chosen: Any, name: str) -> Response:
    rows = stream(selection, unit_of_work(), fields=names_of(selection, chosen))
    return download(json_lines(rows), JSON_LINES, name)
