"""Lua scripts: a sandbox, what it offers to scripts, and the values that go in and out."""
