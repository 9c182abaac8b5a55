"""The materialized view in Redis."""
