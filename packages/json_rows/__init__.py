"""Resources whose rows Postgres turns into JSON, one statement and one round trip each."""
