"""The one-minute demo."""
