"""Tests of how the package is built: who may know whom."""
