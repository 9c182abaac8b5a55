"""Files of this repository that are made from others."""
