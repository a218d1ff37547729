"""Finds unsafe operations in revisions before they reach a database in use."""
