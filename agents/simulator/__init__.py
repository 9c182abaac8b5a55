"""Simulated shoppers and their traffic."""
