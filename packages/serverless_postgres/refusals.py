"""Why a database does not let one in: each reason apart, in a sentence, with what mends it.

The texts are those of libpq, of Postgres, of PgBouncer, and of Neon's proxy (Neon's manual,
"Connection errors").
"""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What an error leaves to hope for."""

    LOST = "lost"
    """The connection is gone, or could not be made: another one may do. What was sent last may
    have been done."""
    PASSING = "passing"
    """Nothing was done, since others were in the way; the same may succeed a moment later."""
    HOPELESS = "hopeless"
    """Nothing was done, and trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason; `texts` are what the messages of the server hold (any of them)."""

    cause: str
    texts: tuple[str, ...]
    said: str
    mend: str
    passing: bool = False
    """Whether it may be over a moment later."""

    def fits(self, message: str) -> bool:
        """Tell whether a message of libpq or the server holds one of the texts."""
        text = " ".join(message.split())
        return any(part in text for part in self.texts)


# The first that fits counts: the special before the general.
REFUSALS = (
    Refusal(
        "certificate",
        ("root certificate file", "certificate verify failed", "does not match host name"),
        "The server's certificate can't be verified.",
        "Use sslmode=verify-full with sslrootcert=system, or sslmode=require, in DATABASE_URL.",
    ),
    Refusal(
        "dns",
        ("Temporary failure in name resolution",),
        "The database's host name can't be resolved at the moment.",
        "Try again; if it persists, check the network's DNS.",
        passing=True,
    ),
    Refusal(
        "host-unknown",
        ("could not translate host name",),
        "The host of DATABASE_URL is unknown: check its spelling.",
        "Copy DATABASE_URL again from Neon's console (Connect), or check the network's DNS.",
    ),
    Refusal(
        "endpoint-disabled",
        ("endpoint is disabled", "endpoint has been disabled"),
        "The Neon endpoint of DATABASE_URL is disabled.",
        "Enable the compute in Neon's console (Branches, the branch, Computes).",
    ),
    Refusal(
        "endpoint-unknown",
        ("endpoint cannot be found", "endpoint could not be found", "project does not exist"),
        "The Neon endpoint of DATABASE_URL does not exist: its branch or compute was deleted, or "
        "the name is misspelt.",
        "Copy DATABASE_URL again from Neon's console (Connect).",
    ),
    Refusal(
        "endpoint-missing",
        ("Endpoint ID is not specified",),
        "Neon can't tell which endpoint is meant: this client does not send the host name (SNI).",
        "Add options=endpoint%3D<the first label of the host> to DATABASE_URL.",
    ),
    Refusal(
        "endpoint-contradiction",
        ("Inconsistent project name",),
        "The host and the options of DATABASE_URL name different Neon endpoints.",
        "Leave options=endpoint%3D... out of DATABASE_URL.",
    ),
    Refusal(
        "quota",
        ("time quota", "transfer quota", "data quota", "quota exceeded"),
        "The Neon project has used up its quota.",
        "Raise the plan's limit in Neon's console (Billing), or wait for the next period.",
    ),
    Refusal(
        "too-many-endpoints",
        ("limit of concurrently active endpoints",),
        "The Neon project has as many running computes as its plan allows.",
        "Suspend or delete a branch's compute in Neon's console.",
    ),
    Refusal(
        "address-not-allowed",
        ("not allowed to connect",),
        "Neon does not allow this machine's IP address.",
        "Add the address in Neon's console (Settings, Network security, IP Allow).",
    ),
    Refusal(
        "too-many-attempts",
        ("Too many concurrent connection attempts", "Too many database connection attempts"),
        "Neon is busy with too many connection attempts; try again.",
        "Try again; if it persists, connect through the pooler (a host with -pooler).",
        passing=True,
    ),
    Refusal(
        "startup-parameter",
        ("unsupported startup parameter",),
        "The pooler does not accept the options in DATABASE_URL.",
        "Leave options=... out of DATABASE_URL, or use the direct host (without -pooler).",
    ),
    Refusal(
        "compute-starting",
        ("Couldn't connect to compute node", "compute is not ready"),
        "Neon could not start the compute in time; try again.",
        "Try again in a few seconds; if it persists, see neonstatus.com.",
        passing=True,
    ),
    Refusal(
        "tls-demanded",
        ("connection is insecure", "no encryption", "SSL off", "SSL required"),
        "The server requires TLS, and DATABASE_URL does not ask for it.",
        "Add sslmode=require to DATABASE_URL.",
    ),
    Refusal(
        "tls-missing",
        ("does not support SSL",),
        "DATABASE_URL asks for TLS, which the server does not support.",
        "Leave sslmode out of DATABASE_URL, or switch TLS on in the server (ssl = on).",
    ),
    Refusal(
        "channel-binding",
        ("channel binding",),
        "DATABASE_URL demands channel binding, which the server does not offer.",
        "Leave channel_binding=require out of DATABASE_URL.",
    ),
    Refusal(
        "password",
        ("password authentication failed", "SASL authentication failed", "no such user"),
        "The database refuses the user name or password of DATABASE_URL.",
        "Copy DATABASE_URL again, or set a new password: ALTER ROLE ... PASSWORD '...'. In the URL "
        "it has to be URL-encoded (@ is %40).",
    ),
    Refusal(
        "password-missing",
        ("no password supplied",),
        "The database requires a password, and DATABASE_URL has none.",
        "Write it into DATABASE_URL: postgresql://user:password@host/dbname.",
    ),
    Refusal(
        "role-not-admitted",
        ("no pg_hba.conf entry", "pg_hba.conf rejects", "is not permitted to log in"),
        "The server does not accept this combination of role, database and address.",
        "Allow it in the server's pg_hba.conf, or ALTER ROLE ... LOGIN.",
    ),
    Refusal(
        "not-there",
        ("does not exist",),
        "The database or role that DATABASE_URL names does not exist.",
        "Create it (CREATE DATABASE ... or createdb), or correct the name in DATABASE_URL.",
    ),
    Refusal(
        "refused",
        ("Connection refused",),
        "The database refuses connections: is the server running, and are the host and port of "
        "DATABASE_URL right?",
        "Start the server, or correct host and port in DATABASE_URL.",
        passing=True,
    ),
    Refusal(
        "unreachable",
        ("Network is unreachable", "No route to host"),
        "The host of DATABASE_URL can't be reached over the network.",
        "Check the network, a VPN or a firewall, and whether the host has an IPv4 address.",
        passing=True,
    ),
    Refusal(
        "timeout",
        ("timeout expired", "Connection timed out", "query_wait_timeout"),
        "The database did not answer in time.",
        "Check host and port in DATABASE_URL and whether a firewall lets them through.",
        passing=True,
    ),
    Refusal(
        "full",
        (
            "too many clients",
            "too many connections",
            "Too many connections",
            "remaining connection slots",
            "no more connections allowed",
        ),
        "The database has no free connections.",
        "Connect through the pooler, or lower POOL_SIZE and POOL_MAX_OVERFLOW.",
        passing=True,
    ),
    Refusal(
        "starting",
        ("starting up", "not yet accepting connections", "in recovery mode"),
        "The database is starting up.",
        "Try again in a few seconds.",
        passing=True,
    ),
    Refusal(
        "stopping",
        ("shutting down", "terminating connection due to administrator command"),
        "The database is shutting down.",
        "Try again in a few seconds.",
        passing=True,
    ),
    Refusal(
        "pooler-without-server",
        ("cannot connect to server", "server login has been failing", "server login failed"),
        "The pooler can't reach the database behind it.",
        "Try again; if it persists, look into the pooler's log and whether the server runs.",
        passing=True,
    ),
)

LOST = Refusal(
    "lost",
    (
        "server closed the connection unexpectedly",
        "SSL SYSCALL error",
        "could not connect to server",
        "connection to server",
        "connection already closed",
        "could not receive data from server",
        "could not send data to server",
    ),
    "The connection to the database is lost.",
    "Try again; if it persists, look into the server's log.",
    passing=True,
)


def refusal(message: str) -> Refusal:
    """Find the reason in a message of libpq or the server; LOST when it is none of them."""
    return next((item for item in REFUSALS if item.fits(message)), LOST)
