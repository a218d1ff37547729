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
WORKFLOW_TO_ASK: Final = "0199c0de-0000-7000-8000-000000000015"
WORKFLOW_THAT_WAITS: Final = "0199c0de-0000-7000-8000-000000000016"
GENERATION: Final = "0199c0de-0000-7000-8000-000000000031"
INTERACTION: Final = "0199c0de-0000-7000-8000-000000000071"
PRICE: Final = "0199c0de-0000-7000-8000-000000000041"
ITINERARY_ID: Final = "0199c0de-0000-7000-8000-000000000051"
ITINERARY_TO_FILL: Final = "0199c0de-0000-7000-8000-000000000052"
ITEM: Final = "0199c0de-0000-7000-8000-000000000061"
KEY: Final = "0199c0de-0000-7000-8000-000000000072"
KEY_TO_ROTATE: Final = "0199c0de-0000-7000-8000-000000000073"
SHARE: Final = "0199c0de-0000-7000-8000-000000000081"
FEED: Final = "0199c0de-0000-7000-8000-000000000082"
SHARE_LINK: Final = "000000000000000000000000000000000000e8a1"
FEED_LINK: Final = "000000000000000000000000000000000000e8a2"
FRIEND: Final = "0199c0de-0000-7000-8000-000000000002"

PATH: Final = {
    "user_id": USER,
    "workflow_id": WORKFLOW,
    "node_id": NODE,
    "generation_id": GENERATION,
    "price_id": PRICE,
    "itinerary_id": ITINERARY_ID,
    "share_id": SHARE,
    "token": SHARE_LINK,
    "position": 1,
    "number": 1,
    "other": 1,
    "key_id": KEY,
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

PLAN: Final[dict[str, Any]] = {
    "title": "홍대 데이트",
    "plan_date": "2026-12-24",
    "items": [
        {"start_minute": 840, "duration_minutes": 90, "place": {"name": "홍대 미술관"}},
    ],
}

RECEIPT: Final = {"users": 1, "workflows": 3, "nodes": 12, "generations": 9, "itineraries": 1}

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
NEW_INTERACTION: Final[dict[str, Any]] = {
    "id": INTERACTION,
    "question": "예산이 얼마예요?",
    "step": "ask_budget",
    "choices": ["3만원", "5만원"],
}
QUESTION: Final = {"question": "몇 시에 출발해요?", "step": "ask_start"}
NEW_PRICE: Final[dict[str, Any]] = {
    "id": PRICE,
    "provider": "openai",
    "model": "gpt-5",
    "input_per_million": 1.25,
    "output_per_million": 10,
}
NEW_FRIEND: Final[dict[str, Any]] = {"id": FRIEND, "username": "바다"}
NEW_ITEM: Final[dict[str, Any]] = {
    "item_id": ITEM,
    "category": "activity",
    "start_minute": 840,
    "duration_minutes": 90,
    "place": {"name": "홍대 미술관", "latitude": 37.5515, "longitude": 126.9256},
}
ADDED_ITEM: Final[dict[str, Any]] = {
    "category": "dining",
    "start_minute": 1080,
    "duration_minutes": 60,
    "place": {"name": "홍대 식당"},
    "position": 2,
}
NEW_ITINERARY: Final[dict[str, Any]] = {
    "id": ITINERARY_ID,
    "user_id": USER,
    "title": "홍대 데이트",
    "plan_date": "2026-12-24",
    "items": [NEW_ITEM],
}
NEW_KEY: Final[dict[str, Any]] = {"name": "planning agent", "scopes": ["ingest"]}
NEW_SHARE: Final[dict[str, Any]] = {"kind": "web"}
