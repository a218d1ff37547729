"""The statements about LLM calls, and the rule that gives a call its cost."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Numeric,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from json_rows.listing import Listing
from json_rows.models import MOST_MONEY, for_database
from json_rows.rows import One, Repeated, contains, expect_one, given, table_of
from json_rows.statement import Query, Statement, as_json, json_names
from service.domain.workflows import touched
from service.models.generation import (
    CostSource,
    Generation,
    GenerationCreate,
    GenerationFilter,
    GenerationRead,
    GenerationSummary,
)
from service.models.model_price import ModelPrice
from service.models.node import Node
from service.models.workflow import Workflow

_generations = table_of(Generation)
_prices = table_of(ModelPrice)
_workflows = table_of(Workflow)
_nodes = table_of(Node)

GENERATION = One(
    "generation",
    Generation,
    GenerationRead,
    goes_with={"workflow_id": _generations.c.workflow_id},
)


def _of_run(condition: Any) -> Any:
    return exists().where(_workflows.c.id == _generations.c.workflow_id, condition)


GENERATIONS = Listing(
    "Generation",
    Generation,
    GenerationRead,
    summary=GenerationSummary,
    filters=GenerationFilter,
    conditions={
        "workflow_id": _generations.c.workflow_id == bindparam("workflow_id"),
        "node_id": _generations.c.node_id == bindparam("node_id"),
        "user_id": _of_run(_workflows.c.user_id == bindparam("user_id")),
        "session_id": _of_run(_workflows.c.session_id == bindparam("session_id")),
        "tag": _of_run(_workflows.c.tags.contains(bindparam("tag", type_=ARRAY(Text)))),
        "node_name": exists().where(
            _nodes.c.id == _generations.c.node_id, _nodes.c.node_name == bindparam("node_name")
        ),
        "status": _generations.c.status == any_(bindparam("status", type_=ARRAY(Text))),
        "model": _generations.c.model_name == bindparam("model"),
        "provider": _generations.c.model_provider == bindparam("provider"),
        "has_error": (_generations.c.status == "failed") == bindparam("has_error"),
        "min_duration_ms": _generations.c.latency_ms >= bindparam("min_duration_ms"),
        "max_duration_ms": _generations.c.latency_ms <= bindparam("max_duration_ms"),
        "started_after": _generations.c.created_at >= bindparam("started_after"),
        "started_before": _generations.c.created_at < bindparam("started_before"),
        "q": contains(
            "q",
            _generations.c.user_prompt,
            _generations.c.full_prompt,
            _generations.c.output,
        ),
    },
    sorts={
        "created_at": _generations.c.created_at,
        "latency_ms": func.coalesce(_generations.c.latency_ms, -1),
        "total_tokens": func.coalesce(_generations.c.total_tokens, -1),
        "cost": func.coalesce(_generations.c.cost, -1),
    },
    default_sort="-created_at",
    large=frozenset({"error_message"}),
    unindexed=frozenset(
        {
            "node_id",
            "user_id",
            "session_id",
            "tag",
            "node_name",
            "status",
            "provider",
            "has_error",
            "min_duration_ms",
            "max_duration_ms",
            "q",
            "latency_ms",
            "total_tokens",
            "cost",
        }
    ),
    narrow=frozenset({"workflow_id"}),
)


def _new_generation() -> Statement:
    """Insert an LLM call, priced; its run counts it.

    The cost is the client's, else that of the tokens by the price that held when the call was made,
    else null: an unknown cost is never 0.
    """
    names = json_names(GenerationCreate)
    body = given(_generations, names)
    made_at = func.coalesce(body.c.created_at, func.now())
    price = (
        select(_prices)
        .where(
            _prices.c.provider == body.c.model_provider,
            _prices.c.model == body.c.model_name,
            _prices.c.valid_from <= made_at,
            func.coalesce(_prices.c.valid_to > made_at, true()),
        )
        .correlate(body)
        .order_by(_prices.c.valid_from.desc())
        .limit(1)
        .lateral("price")
    )
    amount = (
        body.c.prompt_tokens * price.c.input_per_million
        + body.c.completion_tokens * price.c.output_per_million
    ) / 1_000_000
    computed = case((amount < MOST_MONEY, cast(amount, Numeric(18, 9))))
    values: dict[str, Any] = {name: body.c[name] for name in names} | {
        "created_at": made_at,
        "total_tokens": func.coalesce(
            body.c.total_tokens,
            cast(body.c.prompt_tokens, BigInteger) + body.c.completion_tokens,
        ),
        "cost": func.coalesce(body.c.cost, computed),
        "currency": case(
            (body.c.cost.is_not(None), func.coalesce(body.c.currency, "USD")),
            (computed.is_not(None), price.c.currency),
        ),
        "cost_source": case(
            (body.c.cost.is_not(None), CostSource.PROVIDED),
            (computed.is_not(None), CostSource.COMPUTED),
            else_=CostSource.UNKNOWN,
        ),
    }
    priced = (
        select(*[value.label(name) for name, value in values.items()])
        .select_from(body.outerjoin(price, true()))
        .cte("priced")
    )
    counts = (_workflows.c.currency.is_(None)) | (_workflows.c.currency == priced.c.currency)
    run = (
        update(_workflows)
        .values(
            touched(
                {
                    "generation_count": _workflows.c.generation_count + 1,
                    "input_tokens": _workflows.c.input_tokens
                    + func.coalesce(priced.c.prompt_tokens, 0),
                    "output_tokens": _workflows.c.output_tokens
                    + func.coalesce(priced.c.completion_tokens, 0),
                    "total_cost": case(
                        (
                            priced.c.cost.is_not(None) & counts,
                            func.coalesce(_workflows.c.total_cost, 0) + priced.c.cost,
                        ),
                        else_=_workflows.c.total_cost,
                    ),
                    "currency": func.coalesce(_workflows.c.currency, priced.c.currency),
                }
            )
        )
        .where(_workflows.c.id == bindparam("workflow_id"))
        .returning(_workflows.c.id)
        .cte("run")
    )
    added = (
        insert(_generations)
        .from_select(
            ["workflow_id", *values],
            select(run.c.id, *[priced.c[name] for name in values]).select_from(
                priced.join(run, true())
            ),
        )
        .returning(*_generations.c)
        .cte("added")
    )
    return Statement(as_json(added, json_names(GenerationRead)))


_NEW_GENERATION = _new_generation()
_REPEATED_GENERATION = Repeated(
    Generation,
    GenerationCreate,
    GenerationRead,
    within=("workflow_id",),
)


def new_generation(workflow_id: UUID, body: GenerationCreate) -> Query:
    """Record an LLM call of a run, whatever the run's state: what was spent was spent."""
    text = for_database(body)
    repeated = _REPEATED_GENERATION.query(body, workflow_id=workflow_id)
    parameters = {"json": text, "workflow_id": workflow_id}
    return _NEW_GENERATION.query(
        parameters,
        expect_one("workflow"),
        outcome=repeated,
        repeatable=True,
        about=GENERATION.subject(body.id),
    )
