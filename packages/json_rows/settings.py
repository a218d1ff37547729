"""What can be set of the answers that are kept for repeated requests."""

from dataclasses import dataclass

from plain_commands.settings.declared import setting
from serverless_postgres.settings import PostgresSettings


@dataclass(frozen=True, kw_only=True)
class RowsSettings(PostgresSettings):
    """How long answers are kept, and how many."""

    idempotency_ttl_hours: int = setting(
        24, "How long an answer is kept for its Idempotency-Key.", least=1
    )
    idempotency_max_bytes: int = setting(
        256 * 1024 * 1024,
        "Bytes of answers that are kept for one address (IPv6: one /64); beyond that requests with "
        "an Idempotency-Key get a 429.",
        least=1024,
    )
