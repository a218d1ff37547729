"""Itineraries as other programs read them, and rows as files: all that leaves as something else."""
