"""Tariffs, public holidays and emission factors as data files, read whole or not at all."""
