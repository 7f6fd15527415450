"""How fast it is, beside a peer and in one run, so that only ratios count (`parley bench …`)."""
