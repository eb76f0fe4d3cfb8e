"""Tests of pyredis.acl."""
