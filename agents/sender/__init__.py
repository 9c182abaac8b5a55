"""Webhook delivery: once, in order, never after a cancel."""
