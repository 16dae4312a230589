"""What crosses contexts: each journey is one transaction over all it touches, or none of it."""
