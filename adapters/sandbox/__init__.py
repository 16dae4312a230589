"""Reads untrusted files in a fresh child interpreter, with limits and without a network."""
