"""Recipes that come into force at a time: publishes, reads and lists the documents of the topic `recipes`."""
