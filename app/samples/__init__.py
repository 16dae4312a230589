"""Sample input that the project made itself, and the programs that made it."""
