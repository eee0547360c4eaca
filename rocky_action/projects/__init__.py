"""Readers of project formats."""
