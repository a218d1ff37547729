"""The commands of `flask`: the development server, and what `db` and `neon` are told of trips."""
