"""A proxy that cuts connections to the database, and services behind it."""

from tests.behind_proxy import one_proxy, proxy, serve, url

__all__ = ["one_proxy", "proxy", "serve", "url"]
