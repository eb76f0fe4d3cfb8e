"""Tests of the value structures."""
