"""Hands of the field: each package does one thing outside, and none knows another."""
