"""Tests of the tools that compare PyRedis with redis-server."""
