"""Why a database lets nobody in: each message of Neon, Postgres and libpq finds its sentence."""

import psycopg2
import pytest

from serverless_postgres.losses import describe
from serverless_postgres.refusals import LOST, REFUSALS, refusal


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("ERROR:  endpoint is disabled. Enable it using Neon API and retry.", "endpoint-disabled"),
        ("The endpoint has been disabled. Enable it using Neon API", "endpoint-disabled"),
        ("The requested endpoint could not be found, or you don't have", "endpoint-unknown"),
        ("ERROR:  endpoint cannot be found", "endpoint-unknown"),
        ("Endpoint ID is not specified. Either please upgrade", "endpoint-missing"),
        ("Inconsistent project name inferred from SNI ('a') and", "endpoint-contradiction"),
        ("Your account or project has exceeded the compute time quota.", "quota"),
        ("Your project has exceeded the data transfer quota.", "quota"),
        ("You have exceeded the limit of concurrently active endpoints", "too-many-endpoints"),
        ("This IP address 1.2.3.4 is not allowed to connect to this", "address-not-allowed"),
        ("Too many connections to this endpoint. Please try again later.", "full"),
        ("ERROR:  Couldn't connect to compute node", "compute-starting"),
        ("ERROR:  connection is insecure (try using `sslmode=require`)", "tls-demanded"),
        ('no pg_hba.conf entry for host "::1", user "a", no encryption', "tls-demanded"),
        ("server does not support SSL, but SSL was required", "tls-missing"),
        ('root certificate file "/x/root.crt" does not exist', "certificate"),
        ("unsupported startup parameter in options: statement_timeout", "startup-parameter"),
        ('FATAL:  password authentication failed for user "me"', "password"),
        ("fe_sendauth: no password supplied", "password-missing"),
        ('FATAL:  database "quota" does not exist', "not-there"),
        ('FATAL:  role "me" does not exist', "not-there"),
        ("connection refused\n\tIs the server running? Connection refused", "refused"),
        ('could not translate host name "nowhere" to address', "host-unknown"),
        ("timeout expired", "timeout"),
        ("FATAL:  sorry, too many clients already", "full"),
        ("FATAL:  the database system is starting up", "starting"),
        ("FATAL:  the database system is not yet accepting connections", "starting"),
        ("FATAL:  terminating connection due to administrator command", "stopping"),
        ("ERROR:  pgbouncer cannot connect to server", "pooler-without-server"),
        ("server login has been failing, try again later", "pooler-without-server"),
        ("server login failed: FATAL:  password authentication failed", "password"),
        ("something else", "lost"),
    ],
)
def test_each_message_finds_its_reason(message, cause):
    found = refusal(message)
    assert found.cause == cause
    assert describe(psycopg2.OperationalError(message)) == found.said


def test_each_reason_has_a_sentence_and_a_way_out():
    for item in (*REFUSALS, LOST):
        assert item.said.endswith((".", "?"))
        assert item.mend
    assert len({item.cause for item in REFUSALS}) == len(REFUSALS)
