"""What keeps people's data out of the log of a Postgres: the embedded one, and docker-compose's.

psycopg2 writes values into statements, so that a statement in the log is a body in the log; DETAIL
and CONTEXT name the row or the key that was in the way, and some errors the value that they mean.
"""

PRIVATE_LOG = {
    # LOG, FATAL and PANIC: the server's own affairs. What a client did wrong, it was told.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    # Without DETAIL, HINT, QUERY and CONTEXT: of a process that crashed it is its statement.
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
