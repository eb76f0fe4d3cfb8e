"""Tests of pyredis.commands, driven through an in-memory server."""
