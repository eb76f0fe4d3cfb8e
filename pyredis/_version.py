"""The version of PyRedis, alone in a file that the build reads without importing the package."""

__version__ = "0.1.0.dev0"

REDIS_VERSION = "7.2.6"
"""The version of Redis whose behaviour this is."""
