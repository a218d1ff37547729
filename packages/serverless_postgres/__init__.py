"""Postgres that comes and goes: URLs, connections, retries, a replica, an embedded server, Neon."""
