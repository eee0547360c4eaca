"""Random projects and edits, executed in DuckDB to judge the planner: `python -m tests.support.random_projects`."""
