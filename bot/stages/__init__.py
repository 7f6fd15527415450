"""The stages of the pipeline: each reads what is due, does it, and writes what became of it."""
