"""PostgreSQL 15–17, embedded or on a server: transactions, rows, files and numbers."""
