"""What the tests stand on: a recording server, a signature checker, random cases and the comparison of two clients."""
