"""Nouns with their pure decisions: no clock, disk, network or randomness; time is an argument."""
