"""The benchmarks, each beside its peer in the same run; each prints a table and writes `bench/results/<bar>.json`."""
