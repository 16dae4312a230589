"""Schema revisions, the same for one PostgreSQL and for Citus."""
