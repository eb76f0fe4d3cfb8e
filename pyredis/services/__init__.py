"""Twisted services: what starts, ticks and stops."""
