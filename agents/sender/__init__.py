"""The command `sender`: triggers out to a webhook, each once, in order, and none after its cancel."""

from agents.sender.command import add_arguments, run

__all__ = ["add_arguments", "run"]
