"""Metering: sites and their channels, readings of 15-minute slots, attribution of stored energy, frozen usage."""
