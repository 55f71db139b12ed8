"""Alembic's side of the store: how each version of the tables follows from the one before."""
