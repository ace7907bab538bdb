"""Verbs, in the order in which an event lives them: ingest, dispatch, deliver, maintain, explain."""
