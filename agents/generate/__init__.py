"""Generates files of this repository from others. `make generate` runs them."""
