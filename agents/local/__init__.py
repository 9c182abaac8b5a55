"""A real Kafka and a real Redis on this machine, without Docker or an installed Java."""

from agents.local.command import add_arguments, run

__all__ = ["add_arguments", "run"]
