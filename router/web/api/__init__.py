"""The API: what the page shows and does, for programs. Loaded with the first request for it."""
