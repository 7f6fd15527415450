"""Lets `python -m bot` do what `parley` does."""

from bot.cli import main

main()
