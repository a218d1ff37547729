"""A workflow that asks a person, as tests talk with it."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

QUESTION: dict[str, Any] = {
    "question": "예산이 얼마예요?",
    "step": "ask_budget",
    "choices": ["3만원", "5만원"],
}


class Talk:
    """A workflow that is running, and what it asks a person."""

    def __init__(self, client: FlaskClient, workflow_id: str) -> None:
        self.client, self.workflow_id = client, workflow_id
        self.path = f"/v1/workflows/{workflow_id}"

    def now(self) -> dict[str, Any]:
        """Get the workflow."""
        found: dict[str, Any] = self.client.get(self.path).get_json()
        return found

    def end(self, verb: str = "complete", **body: Any) -> TestResponse:
        """Close the workflow."""
        return self.client.post(f"{self.path}/{verb}", json=body)

    def ask(self, **body: Any) -> TestResponse:
        """Ask the person something."""
        return self.client.post(f"{self.path}/await-input", json={**QUESTION, **body})

    def answer(self, said: str = "5만원", **body: Any) -> TestResponse:
        """Answer as the person."""
        return self.client.post(f"{self.path}/resume", json={"answer": said, **body})

    def asked(self, query: str = "") -> list[dict[str, Any]]:
        """List what was asked so far."""
        found: list[dict[str, Any]] = self.client.get(
            f"{self.path}/interactions{query}"
        ).get_json()["items"]
        return found
