"""The tests of PyRedis; the tree below mirrors the package, a file for each file."""

from hypothesis import settings

# How long an example takes says what else the machine does.
settings.register_profile("pyredis", deadline=None)
settings.load_profile("pyredis")
