"""The configuration of a server: parameters, their values, redis.conf read and rewritten."""
