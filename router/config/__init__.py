"""YAML to a Config and a Policy, every fault with its place."""
