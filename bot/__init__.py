"""Parley watches the news for ceasefires and peace talks and tells people on Telegram."""

__version__ = "0.1.0"
