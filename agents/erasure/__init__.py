"""Erases a person: finds its states, makes the events that erase them, and finds what is left afterwards."""
