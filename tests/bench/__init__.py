"""Benchmarks: how fast the main paths are. Run by `make bench`; never asserted on."""
