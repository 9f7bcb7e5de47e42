"""Says hello, to whom the command line names.

    aio-host python examples/python/hello.py Ada Grace
"""

import sys


def main(names: list[str]) -> int:
    for name in names:
        print(f"Hello, {name}!")
    return 0 if names else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
