"""PyRedis: a Redis 7.2 compatible server in Python on Twisted."""
