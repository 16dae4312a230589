"""The complex, its parties, the people who sign in."""
