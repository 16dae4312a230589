"""Words every context shares: errors, identifiers, money, energy, time, actors, canonical text."""
