"""Campaigns: what is promised, tried until it breaks."""
