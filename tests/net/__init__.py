"""Tests of pyredis.net."""
