"""Publish/subscribe: who listens to which channels, and messages on their way."""
