"""The command line: `main` has the commands and mounts those of the other modules here, by what they are about."""

from bot.cli.main import app, main

__all__ = ["app", "main"]
