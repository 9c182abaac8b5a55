"""The sender: delivers triggers to a webhook or a messaging service: once, in order, never after a cancel."""
