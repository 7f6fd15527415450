"""Two SQLite files: news in archive.db, people in people.db. Rows go no further than here."""
