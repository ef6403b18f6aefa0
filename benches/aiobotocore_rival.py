"""aiobotocore as a rival (`rival.py`). It pins a botocore of its own, so it has an environment of its own:

python -m venv target/aiobotocore && target/aiobotocore/bin/pip install aiobotocore
"""

from __future__ import annotations

import sys
from functools import partial

import aiobotocore
import aiobotocore.config
import aiobotocore.session
import botocore
from awaited import ARGUMENTS, CONCURRENCY, awaited


def main(url: str) -> None:
    session = aiobotocore.session.get_session()
    config = aiobotocore.config.AioConfig(max_pool_connections=CONCURRENCY)
    context = partial(session.create_client, "greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    print(f"aiobotocore {aiobotocore.__version__} with botocore {botocore.__version__}", flush=True)
    for line in sys.stdin:
        work, calls = line.split()
        assert work == "fanout", work
        print(*awaited(context, int(calls)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
