"""What is done by the clock: when (schedule) and what (relay, months, sweeping). Every job may run twice or late."""
