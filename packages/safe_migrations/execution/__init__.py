"""Runs revisions so that nothing is left half-way, and nobody waits long for a lock."""
