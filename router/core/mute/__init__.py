"""What keeps an alert from being told: time intervals, silences, inhibition; and the ticks of ``absent``."""
