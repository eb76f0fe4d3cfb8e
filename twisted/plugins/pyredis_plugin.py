"""What `twistd pyredis` is: three strings, so that listing the plugins imports nothing of ours."""

from twisted.application.service import ServiceMaker

pyredis = ServiceMaker(
    "PyRedis",
    "pyredis.tap",
    "An in-memory data store that speaks to every Redis client.",
    "pyredis",
)
