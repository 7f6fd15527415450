"""Rules compiled once: an entry becomes an event, with the words that say why. Pure."""
