"""The view in Redis: the newest decisions, triggers and waiting steps by person. docs/redis.md."""
