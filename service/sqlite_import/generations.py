"""Generations of the predecessor, converted."""

from typing import NamedTuple

from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.values import Values

NAME_LENGTH = 255
PROVIDER_LENGTH = 100
MOST_TEMPERATURE = 100


class GenerationFields(NamedTuple):
    """What is staged of a generation, as text for COPY; `legacy_node_id` is for a note only."""

    workflow_id: str | None
    node_id: str | None
    legacy_node_id: str | None
    model_provider: str | None
    model_name: str
    system_prompt: str | None
    user_prompt: str | None
    full_prompt: str | None
    output: str | None
    parsed_output: str | None
    temperature: str | None
    max_tokens: str | None
    prompt_tokens: str | None
    completion_tokens: str | None
    total_tokens: str | None
    latency_ms: str | None
    status: str
    error_message: str | None
    created_at: str


def convert_generation(values: Values, keys: Keys, row: Row) -> GenerationFields:
    """Convert a generation; RefusedError for one without created_at.

    One with an error message failed; the predecessor had no status. What it cost is unknown.
    """
    (_, _, workflow_id, node_id, model, provider, system_prompt, user_prompt, full_prompt) = row[:9]
    (output, parsed_output, temperature, max_tokens, tokens_in, tokens_out, tokens) = row[9:16]
    (latency, message, created) = row[16:]
    error_message = values.text("error_message", message)
    return GenerationFields(
        workflow_id=keys.of_parent("workflows", workflow_id),
        node_id=keys.of_parent("nodes", node_id),
        legacy_node_id=values.text("node_id", node_id),
        model_provider=values.short_text("model_provider", provider, PROVIDER_LENGTH),
        model_name=values.name("model_name", model, NAME_LENGTH, "(unnamed)"),
        system_prompt=values.text("system_prompt", system_prompt),
        user_prompt=values.text("user_prompt", user_prompt),
        full_prompt=values.text("full_prompt", full_prompt),
        output=values.text("output", output),
        parsed_output=values.document("parsed_output", parsed_output),
        temperature=values.number("temperature", temperature, MOST_TEMPERATURE),
        max_tokens=values.whole("max_tokens", max_tokens),
        prompt_tokens=values.whole("prompt_tokens", tokens_in),
        completion_tokens=values.whole("completion_tokens", tokens_out),
        total_tokens=values.whole("total_tokens", tokens),
        latency_ms=values.whole("latency_ms", latency),
        status="failed" if error_message else "completed",
        error_message=error_message,
        created_at=str(values.required_moment("created_at", created)),
    )
