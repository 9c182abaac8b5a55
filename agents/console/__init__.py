"""The console: a page that shows what the service decides, and why."""
