"""fleetgrass held against the live botocore: the same calls to both on one recording server, every difference listed.

`tests/deviations.toml` holds the differences that are meant; any other one fails.
"""
