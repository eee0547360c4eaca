"""The only home of sqlglot: reading, comparing, rewriting and building SQL."""
