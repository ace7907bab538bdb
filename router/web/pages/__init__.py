"""The pages: what stands now, what came, what was sent, for people with a browser and no JavaScript."""
