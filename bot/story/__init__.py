"""Reports of one happening become one story. Pure."""
