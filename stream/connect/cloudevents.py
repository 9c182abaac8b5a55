"""A source of kind cloudevents, still to be written."""

from stream.connect.request import Given
from stream.connect.source import Source
from stream.connect.translation import Translation


def translate(given: Given, source: Source, now: int) -> Translation:
    return Translation()
