"""fleetgrass held against the live botocore: the same calls to both on one recording server, every difference listed.

`tests/deviations.toml` holds the differences that are meant; any other one fails.

    pytest -n 2 tests/differential                  the share of every CI run, under a minute
    FLEETGRASS_CASES=20000 FLEETGRASS_SEED=$(date +%F) pytest -n 2 tests/differential     nightly
    FLEETGRASS_SEED=... FLEETGRASS_CASES=... FLEETGRASS_CASE=<name> pytest tests/differential       one case again
    pytest --ours=boto3 tests/differential          the harness alone: botocore on both sides, nothing may differ
"""
