"""The pages: each reads what it shows in one moment of the database, and hands it to its template."""
