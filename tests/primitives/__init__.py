"""Tests of the lowest floor; every expectation was taken from a real Redis 7.2."""
