"""What tests of the pages share: the pipeline of tests/pipeline."""

from tests.pipeline.conftest import make, store

__all__ = ["make", "store"]
