"""Where messages go: Apprise, its transport and verdicts, and one file for each provider that needs care."""
