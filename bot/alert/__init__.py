"""Who hears of it, in what words, and when. Pure."""
