"""Replication: replicas that follow this server."""
