"""What the owner decides outranks what was found: of feeds, of stories, of ledgers. It is kept, and can be undone."""
