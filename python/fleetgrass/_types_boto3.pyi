"""The client as `types-boto3-greengrassv2` declares it, where that package is installed.

Ours derives from it for type checkers, so that it is accepted where theirs is asked for. The import is one of all names
on purpose: one by name would leave the name unknown where the package is missing, and with it half of our client.
"""

try:
    from types_boto3_greengrassv2.client import *  # noqa: F403
except ImportError:
    class GreengrassV2Client: ...
