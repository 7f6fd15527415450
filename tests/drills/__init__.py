"""Drills: the real process, real HTTP and real kills, and the figures that come of them. `scripts/reliability` runs them.

Each module is one scenario: it plays on a `Stage`, and returns figures that know what was promised.
"""
