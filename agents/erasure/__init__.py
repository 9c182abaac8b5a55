"""Somebody erased: whose states there are, the events that end them, and what is left afterwards."""
