"""The console: one page that shows what the service decides, and tells why."""
