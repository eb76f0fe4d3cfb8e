"""Tests of pyredis.keyspace."""
