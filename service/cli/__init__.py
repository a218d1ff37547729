"""The commands of `flask`: thin shells over `schema/` and `domain/`."""
