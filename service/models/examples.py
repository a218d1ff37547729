"""The rows that the examples of the document are about: what makes them, and their ids."""

from typing import Any, Final

USER: Final = "0199c0de-0000-7000-8000-000000000001"
WORKFLOW: Final = "0199c0de-0000-7000-8000-000000000011"
WORKFLOW_TO_COMPLETE: Final = "0199c0de-0000-7000-8000-000000000012"
WORKFLOW_TO_FAIL: Final = "0199c0de-0000-7000-8000-000000000013"
WORKFLOW_TO_CANCEL: Final = "0199c0de-0000-7000-8000-000000000014"
NODE: Final = "0199c0de-0000-7000-8000-000000000021"
NODE_TO_START: Final = "0199c0de-0000-7000-8000-000000000022"
NODE_TO_COMPLETE: Final = "0199c0de-0000-7000-8000-000000000023"
NODE_TO_FAIL: Final = "0199c0de-0000-7000-8000-000000000024"
NODE_TO_SKIP: Final = "0199c0de-0000-7000-8000-000000000025"
GENERATION: Final = "0199c0de-0000-7000-8000-000000000031"
PRICE: Final = "0199c0de-0000-7000-8000-000000000041"

PATH: Final = {
    "user_id": USER,
    "workflow_id": WORKFLOW,
    "node_id": NODE,
    "generation_id": GENERATION,
    "price_id": PRICE,
}
"""What the arguments of paths are filled with, unless an operation needs a row of its own."""

OUTPUT: Final = {"places": ["홍대 미술관"]}
NODE_ERROR: Final = "The search gave no places."
WORKFLOW_ERROR: Final = "The agent gave up after three attempts."
TRACEBACK: Final = "Traceback (most recent call last):\n  ...\nKeyError: 'places'"
STATE: Final = {"messages": [{"role": "user", "content": "홍대"}], "next_node": "plan_route"}
ITINERARY: Final = [
    {
        "order": 1,
        "start_time": "14:00",
        "duration_minutes": 90,
        "location": {"name": "홍대 미술관", "category": "activity"},
    }
]

NEW_USER: Final[dict[str, Any]] = {
    "id": USER,
    "username": "하늘",
    "email": "haneul@example.com",
    "display_name": "김하늘",
}
NEW_WORKFLOW: Final[dict[str, Any]] = {
    "id": WORKFLOW,
    "user_id": USER,
    "user_input": "홍대에서 데이트하고 싶어",
    "name": "홍대 데이트",
    "session_id": "chat-42",
    "input_type": "region",
    "tags": ["date", "seoul"],
}
NEW_NODE: Final[dict[str, Any]] = {
    "id": NODE,
    "node_name": "discover_dining_places",
    "node_type": "search",
    "input": {"region": "홍대", "category": "dining"},
}
NEW_GENERATION: Final[dict[str, Any]] = {
    "id": GENERATION,
    "model_provider": "openai",
    "model_name": "gpt-5",
    "user_prompt": "홍대에서 데이트하고 싶어",
    "output": '{"places": ["홍대 미술관"]}',
    "prompt_tokens": 812,
    "completion_tokens": 204,
    "latency_ms": 840,
}
NEW_PRICE: Final[dict[str, Any]] = {
    "id": PRICE,
    "provider": "openai",
    "model": "gpt-5",
    "input_per_million": 1.25,
    "output_per_million": 10,
}
