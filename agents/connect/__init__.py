"""Connects shops, together with `stream/connect/`: the sources file, signatures, keyed contacts."""
