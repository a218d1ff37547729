"""What each route answers to each kind of caller: a route without a row here fails the tests.

Columns as in `world.CALLERS`: keys with the scopes ingest, read, write and admin that are bound to
nobody; keys with the scope write of the owner of the rows, of a friend who may edit the itinerary,
and of a stranger. Whoever brings no key that is good is answered 401 by all of them.
"""

#   ingest read write admin owner friend stranger
MATRIX = {
    "GET /v1/users": "403 403 403 200 403 403 403",
    "POST /v1/users": "403 403 200 200 403 403 403",
    "GET /v1/users/{user_id}": "403 200 200 200 200 404 404",
    "PATCH /v1/users/{user_id}": "403 403 200 200 200 404 404",
    "DELETE /v1/users/{user_id}": "403 403 200 200 200 404 404",
    "GET /v1/users/{user_id}/export": "403 200 200 200 200 404 404",
    "PUT /v1/users/by-username/{username}": "200 403 200 200 403 403 403",
    "GET /v1/workflows": "403 200 200 200 200 200 200",
    # The example's id is taken.
    "POST /v1/workflows": "200 403 200 200 200 409 409",
    "GET /v1/workflows/{workflow_id}": "403 200 200 200 200 404 404",
    "PATCH /v1/workflows/{workflow_id}": "403 403 200 200 200 404 404",
    "DELETE /v1/workflows/{workflow_id}": "403 403 204 204 204 404 404",
    "POST /v1/workflows/{workflow_id}/complete": "200 403 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/fail": "200 403 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/cancel": "200 403 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/heartbeat": "200 403 200 200 200 404 404",
    "GET /v1/workflows/{workflow_id}/timeline": "403 200 200 200 200 404 404",
    "GET /v1/workflows/{workflow_id}/nodes": "403 200 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/nodes": "200 403 200 200 200 404 404",
    "GET /v1/nodes/{node_id}": "403 200 200 200 200 404 404",
    "POST /v1/nodes/{node_id}/start": "200 403 200 200 200 404 404",
    "POST /v1/nodes/{node_id}/complete": "200 403 200 200 200 404 404",
    "POST /v1/nodes/{node_id}/fail": "200 403 200 200 200 404 404",
    "POST /v1/nodes/{node_id}/skip": "200 403 200 200 200 404 404",
    "GET /v1/nodes/{node_id}/state": "403 200 200 200 200 404 404",
    "PUT /v1/nodes/{node_id}/state": "200 403 200 200 200 404 404",
    "GET /v1/workflows/{workflow_id}/generations": "403 200 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/generations": "200 403 200 200 200 404 404",
    "GET /v1/generations": "403 200 200 200 200 200 200",
    "GET /v1/generations/{generation_id}": "403 200 200 200 200 404 404",
    "GET /v1/model-prices": "403 200 200 200 200 200 200",
    "POST /v1/model-prices": "403 403 403 200 403 403 403",
    "GET /v1/model-prices/{price_id}": "403 200 200 200 200 200 200",
    "DELETE /v1/model-prices/{price_id}": "403 403 403 204 403 403 403",
    "GET /v1/keys": "403 403 403 200 403 403 403",
    "POST /v1/keys": "403 403 403 201 403 403 403",
    "GET /v1/keys/{key_id}": "403 403 403 200 403 403 403",
    "DELETE /v1/keys/{key_id}": "403 403 403 204 403 403 403",
    "POST /v1/keys/{key_id}/rotate": "403 403 403 201 403 403 403",
    "GET /v1/itineraries": "403 200 200 200 200 200 200",
    # The friend sees the itinerary of the example's id already.
    "POST /v1/itineraries": "403 403 200 200 200 200 409",
    "GET /v1/itineraries/{itinerary_id}": "403 200 200 200 200 200 404",
    "PATCH /v1/itineraries/{itinerary_id}": "403 403 200 200 200 200 404",
    "DELETE /v1/itineraries/{itinerary_id}": "403 403 204 204 204 403 404",
    "POST /v1/itineraries/{itinerary_id}/reorder": "403 403 200 200 200 200 404",
    "POST /v1/itineraries/{itinerary_id}/shift": "403 403 200 200 200 200 404",
    # The example makes one of the owner's.
    "POST /v1/itineraries/{itinerary_id}/duplicate": "403 403 201 201 201 422 404",
    "POST /v1/itineraries/{itinerary_id}/archive": "403 403 200 200 200 403 404",
    "POST /v1/itineraries/{itinerary_id}/unarchive": "403 403 200 200 200 403 404",
    "POST /v1/itineraries/{itinerary_id}/transfer": "403 403 200 200 200 403 404",
    "PUT /v1/itineraries/{itinerary_id}/items": "403 403 200 200 200 200 404",
    "POST /v1/itineraries/{itinerary_id}/items": "403 403 201 201 201 201 404",
    "PATCH /v1/itineraries/{itinerary_id}/items/{position}": "403 403 200 200 200 200 404",
    "DELETE /v1/itineraries/{itinerary_id}/items/{position}": "403 403 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}/versions": "403 200 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}/versions/{number}": "403 200 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}/versions/{number}/diff/{other}":
        "403 200 200 200 200 200 404",
    "POST /v1/itineraries/{itinerary_id}/versions/{number}/restore":
        "403 403 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}/members": "403 200 200 200 200 200 404",
    "POST /v1/itineraries/{itinerary_id}/members": "403 403 200 200 200 403 404",
    "PATCH /v1/itineraries/{itinerary_id}/members/{user_id}": "403 403 200 200 200 403 404",
    # The example is the friend, who leaves.
    "DELETE /v1/itineraries/{itinerary_id}/members/{user_id}": "403 403 204 204 204 204 404",
    "GET /v1/workflows/{workflow_id}/interactions": "403 200 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/await-input": "200 403 200 200 200 404 404",
    "POST /v1/workflows/{workflow_id}/resume": "403 403 200 200 200 404 404",
    "GET /v1/workflows.csv": "403 200 200 200 200 200 200",
    "GET /v1/workflows.jsonl": "403 200 200 200 200 200 200",
    "GET /v1/generations.csv": "403 200 200 200 200 200 200",
    "GET /v1/generations.jsonl": "403 200 200 200 200 200 200",
    "GET /v1/itineraries/{itinerary_id}.geojson": "403 200 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}.gpx": "403 200 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}.ics": "403 200 200 200 200 200 404",
    "GET /v1/itineraries/{itinerary_id}.md": "403 200 200 200 200 200 404",
    # That there are links is no secret to members; where they lead is not in it.
    "GET /v1/itineraries/{itinerary_id}/shares": "403 200 200 200 200 200 404",
    "POST /v1/itineraries/{itinerary_id}/shares": "403 403 201 201 201 403 404",
    "GET /v1/shares/{share_id}": "403 200 200 200 200 200 404",
    "DELETE /v1/shares/{share_id}": "403 403 204 204 204 403 404",
}  # fmt: skip

PUBLIC = {
    "GET /": 302,
    "GET /docs": 302,
    "GET /docs/": 200,
    "GET /docs/start.js": 200,
    "GET /docs/{name}": 404,
    "GET /healthz": 200,
    "GET /openapi.json": 200,
    # As there is no such link, with whatever key.
    "GET /v1/feeds/{token}.ics": 404,
    "GET /v1/shared/{token}": 404,
    "GET /readyz": 200,
    # Puts the examples' rows back, on a developer's machine where nobody is asked who they are.
    "POST /docs/examples": 404,
}
"""What is for anybody, without a key or with whatever they bring, and what it answers."""

OF_THEIR_OWN = {"GET /metrics"}
"""What has a setting of its own: `test_surroundings.py`."""
