"""How long the client of Neon's API waits, and for what."""

from dataclasses import dataclass

from serverless_postgres.retry import Patience


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds of wall clock."""

    connect_s: float = 5
    """How long one try may take to connect; with less than that left, there is no other."""
    read_s: float = 30
    """How long one try waits for its answer, and how long all of them look for the API at all."""
    call_s: float = 60
    """How long a call may take with all its tries: as long as Neon's own CLI waits for one."""
    first_delay_s: float = 0.5
    longest_delay_s: float = 15
    longest_poll_s: float = 3
    """The longest pause before Neon is asked again how far an operation is."""
    operation_s: float = 300
    """How long Neon may take to carry out an operation."""

    def patience(self, limit_s: float) -> Patience:
        """Begin a call of at most `limit_s` seconds."""
        return Patience(
            limit_s, first_s=self.first_delay_s, longest_s=self.longest_delay_s, drawn=0.5
        )

    def polling(self, limit_s: float) -> Patience:
        """Begin to wait for an operation for at most `limit_s` seconds."""
        return Patience(
            limit_s, first_s=self.first_delay_s, longest_s=self.longest_poll_s, drawn=0.5
        )
