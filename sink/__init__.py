"""Postgres: migrations, the batch writer, and the queries that others read with."""
