"""The tests of PyRedis; the tree below mirrors the package, a file for each file."""
