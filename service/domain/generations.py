"""What can be done with generations, and the rule that gives one its cost."""

from json_rows.frame import contains
from json_rows.inserting import New
from json_rows.listing import Slow
from json_rows.models import MOST_MONEY
from json_rows.resource import Resource
from service.domain.nodes import nodes
from service.domain.workflows import ALIVE, workflows
from service.models.generation import (
    Generation,
    GenerationCreate,
    GenerationFilter,
    GenerationRead,
    GenerationSummary,
)


def _of_workflow(condition: str) -> str:
    return f"""EXISTS (SELECT FROM workflows
        WHERE workflows.id = generations.workflow_id AND {condition} AND {workflows.owned})"""


generations = Resource(
    "generation",
    Generation,
    GenerationRead,
    summary=GenerationSummary,
    parent=workflows,
    filters=GenerationFilter,
    conditions={
        "user_id": Slow(_of_workflow("workflows.user_id = %(user_id)s")),
        "session_id": Slow(_of_workflow("workflows.session_id = %(session_id)s")),
        "tag": Slow(_of_workflow("workflows.tags @> %(tag)s::text[]")),
        "node_name": Slow(f"""EXISTS (SELECT FROM nodes
            WHERE nodes.id = generations.node_id AND nodes.node_name = %(node_name)s
                AND {nodes.owned})"""),
        "model": "generations.model_name = %(model)s",
        "provider": Slow("generations.model_provider = %(provider)s"),
        "has_error": Slow("(generations.status = 'failed') = %(has_error)s"),
        "min_duration_ms": Slow("generations.latency_ms >= %(min_duration_ms)s"),
        "max_duration_ms": Slow("generations.latency_ms <= %(max_duration_ms)s"),
        "started_after": "generations.created_at >= %(started_after)s",
        "started_before": "generations.created_at < %(started_before)s",
        "q": Slow(
            contains(
                "q", "generations.user_prompt", "generations.full_prompt", "generations.output"
            )
        ),
    },
    sorts={
        "created_at": "generations.created_at",
        "latency_ms": Slow("coalesce(generations.latency_ms, -1)"),
        "total_tokens": Slow("coalesce(generations.total_tokens, -1)"),
        "cost": Slow("coalesce(generations.cost, -1)"),
    },
    default_sort="-created_at",
    large=frozenset({"error_message"}),
)

_MADE_AT = "coalesce(given.created_at, now())"

_PRICE = f"""
    SELECT model_prices.* FROM model_prices, given
    WHERE model_prices.provider = given.model_provider AND model_prices.model = given.model_name
        AND model_prices.valid_from <= {_MADE_AT}
        AND coalesce(model_prices.valid_to > {_MADE_AT}, true)
    ORDER BY model_prices.valid_from DESC
    LIMIT 1"""

# The client's, else that of the tokens by the price; an unknown cost is null, never 0.
_COST = f"""
    SELECT coalesce(given.cost, computed) AS amount,
        CASE WHEN given.cost IS NOT NULL THEN coalesce(given.currency, 'USD')
            WHEN computed IS NOT NULL THEN price.currency END AS currency,
        CASE WHEN given.cost IS NOT NULL THEN 'provided'
            WHEN computed IS NOT NULL THEN 'computed' ELSE 'unknown' END AS source
    FROM given LEFT JOIN price ON true, LATERAL (
        SELECT (given.prompt_tokens * price.input_per_million
            + given.completion_tokens * price.output_per_million) / 1000000 AS exact
    ) AS tokens, LATERAL (
        SELECT CASE WHEN exact < {MOST_MONEY} THEN exact::numeric(18, 9) END AS computed
    ) AS fitting"""

# Whatever the workflow's state: what was spent was spent.
NEW_GENERATION = New(
    generations,
    GenerationCreate,
    before={"price": _PRICE, "cost": _COST},
    source="given CROSS JOIN cost",
    parent_values={
        **ALIVE,
        "generation_count": "workflows.generation_count + 1",
        "input_tokens": "workflows.input_tokens + coalesce(given.prompt_tokens, 0)",
        "output_tokens": "workflows.output_tokens + coalesce(given.completion_tokens, 0)",
        "total_cost": """CASE
            WHEN cost.amount IS NOT NULL
                AND (workflows.currency IS NULL OR workflows.currency = cost.currency)
            THEN coalesce(workflows.total_cost, 0) + cost.amount ELSE workflows.total_cost END""",
        "currency": "coalesce(workflows.currency, cost.currency)",
    },
    values={
        "created_at": _MADE_AT,
        "total_tokens": """coalesce(
            given.total_tokens, given.prompt_tokens::bigint + given.completion_tokens)""",
        "cost": "cost.amount",
        "currency": "cost.currency",
        "cost_source": "cost.source",
    },
)
