"""The keys: databases, expiry, and the one signal that tells of every change."""
