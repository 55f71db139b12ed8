"""The REST API under ``/api/v1``: one file an endpoint, and what they share."""
