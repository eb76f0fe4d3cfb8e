"""Tests of pyredis.services."""
