"""Drills: the real process, real HTTP, real kills, and the figures that come of them; see `scripts/reliability`.

Each module is one scenario: it plays on a `Stage`, and returns figures that know what was promised.
"""
