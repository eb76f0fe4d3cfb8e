"""
PyRedis beside redis-server, measured on the same machine in the same minutes.

``python -m benchmarks.throughput`` compares requests a second and CPU per
request, ``python -m benchmarks.footprint`` startup, memory and idle
connections.  Run from the top of the source tree; neither is installed.
"""
