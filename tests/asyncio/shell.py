"""Scripts of the shell, an environment and a working directory of the child's own."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE


async def shell(script, **options):
    child = await asyncio.create_subprocess_shell(script, stdout=PIPE, **options)
    out, _ = await child.communicate()
    for line in out.decode().splitlines():
        print(line)
    print("code:", child.returncode)


async def main():
    await shell("echo from the shell")
    await shell("printf 'b\\na\\nb\\n' | sort | uniq -c")
    await shell("echo gone >&2; echo here; false", stderr=DEVNULL)
    await shell("kill -TERM $$")
    await shell("no-such-command-here", stderr=DEVNULL)
    await shell("echo $COLOUR; env | grep -c COLOUR", env={"COLOUR": "green"})
    await shell("test -z \"$COLOUR\" && echo none", env={})
    await shell("pwd", cwd=sys.argv[1])


asyncio.run(main())
