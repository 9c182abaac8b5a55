"""Explains why a person got a message, or did not: sources, timeline, words."""
