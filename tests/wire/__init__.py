"""Tests of pyredis.wire."""
