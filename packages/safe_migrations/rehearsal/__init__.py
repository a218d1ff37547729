"""Rehearsals: an upgrade and its downgrade, carried out on a throw-away copy and observed."""
