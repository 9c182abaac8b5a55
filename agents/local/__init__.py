"""Runs a Kafka and a Redis on this machine, without Docker or an installed Java."""
