"""The page that shows what the service decides."""
