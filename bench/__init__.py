"""The figures of docs/performance.md: ``python -m bench [NAME …] [--quick]``.

A bench is a module ``bench_NAME`` with a ``TITLE`` and a function ``run(quick) -> list[Row]``.
"""
