"""The way in: feeds are fetched, parsed in a killable child, and scheduled as data."""
