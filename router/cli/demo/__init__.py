"""``demo``: the whole way on this machine, with a sink in the place of every provider."""
