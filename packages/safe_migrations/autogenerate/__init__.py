"""Compares the models with the database, and writes revisions from what differs."""
