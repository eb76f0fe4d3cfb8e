"""Tests of pyredis.execution."""
