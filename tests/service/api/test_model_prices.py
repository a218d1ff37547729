"""Model prices over REST."""

import pytest


def test_prices_are_listed_found_and_deleted(client, make, problem, pointers):
    price = make.price(valid_from="2026-01-01T00:00:00Z", valid_to="2026-02-01T00:00:00Z")
    make.price(provider="other", valid_from="2026-03-01T00:00:00Z")
    assert client.get(f"/v1/model-prices/{price['id']}").json == price
    assert (price["input_per_million"], price["currency"]) == (1.25, "USD")

    def found(query: str) -> int:
        return len(client.get(f"/v1/model-prices?{query}").json["items"])

    assert [found(""), found("provider=openai"), found("model=gpt-5")] == [2, 1, 2]
    assert found("valid_at=2026-01-15T00:00:00Z") == 1
    assert found("valid_at=2026-02-15T00:00:00Z") == 0
    taken = client.post(
        "/v1/model-prices",
        json={
            "provider": "openai",
            "model": "gpt-5",
            "valid_from": "2026-01-01T00:00:00Z",
            "input_per_million": 3,
            "output_per_million": 3,
        },
    )
    assert pointers(taken, 409) == ["/provider", "/model", "/valid_from"]
    assert client.delete(f"/v1/model-prices/{price['id']}").status_code == 204
    problem(client.delete(f"/v1/model-prices/{price['id']}"), 404)
    problem(client.get(f"/v1/model-prices/{price['id']}"), 404)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"input_per_million": -1}, "/input_per_million"),
        ({"input_per_million": 10**9}, "/input_per_million"),
        ({"currency": "dollar"}, "/currency"),
        ({"valid_from": "2026-02-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}, "/valid_to"),
    ],
)
def test_a_price_that_can_not_be_is_refused(client, problem, values, pointer):
    body = {"provider": "p", "model": "m", "input_per_million": 1, "output_per_million": 1}
    refused = problem(client.post("/v1/model-prices", json={**body, **values}), 422)
    assert pointer in [error["pointer"] for error in refused["errors"]]
