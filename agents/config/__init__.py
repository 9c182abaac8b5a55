"""Settings from the environment, and the recipes file."""
