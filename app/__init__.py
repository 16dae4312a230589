"""Doors and wiring."""
