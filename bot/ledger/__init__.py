"""Ledgers: what moved in each conflict, made from its stories and nothing else. Pure."""
