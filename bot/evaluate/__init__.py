"""How good are the rules: on labelled headlines, beside simpler methods, and over the stored archive."""
