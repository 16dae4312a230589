"""Calls to addresses that somebody configured: to the outside only, whatever the name resolves to."""
