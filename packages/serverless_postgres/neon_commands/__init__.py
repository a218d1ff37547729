"""`flask neon`: the branches of a project on Neon, one file per command."""
