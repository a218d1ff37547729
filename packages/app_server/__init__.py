"""Serves the WSGI app in production: bodies are collected before a thread is taken."""
