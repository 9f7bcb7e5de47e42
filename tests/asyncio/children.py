"""Children by their numbers: waited for one by one, in groups, or whichever ends first; signals to
them, calls that start and wait at once, and what is refused."""

import asyncio
import errno
import os
import signal
import subprocess
import time


def start(script, **options):
    return subprocess.Popen(["sh", "-c", script], **options)


def whichever_ends():
    started = {number: start(f"exit {number}") for number in (3, 4, 5)}
    children = {child.pid: child for child in started.values()}
    while children:
        pid, status = os.waitpid(-1, 0)
        children.pop(pid).returncode = os.waitstatus_to_exitcode(status)
    print("any:", *(child.returncode for child in started.values()))
    for wait in (lambda: os.waitpid(-1, os.WNOHANG), os.wait, lambda: os.waitpid(99999, 0)):
        try:
            print(wait())
        except ChildProcessError as error:
            print("none:", errno.errorcode[error.errno])


def not_yet():
    child = start("read line", stdin=subprocess.PIPE)
    print("not yet:", os.waitpid(child.pid, os.WNOHANG), child.poll())
    child.stdin.close()
    print("now:", child.wait())
    print("told again:", child.wait(), child.poll())


def signals():
    child = start("exec sleep 1000")
    os.kill(child.pid, 0)
    os.kill(child.pid, signal.SIGTERM)
    pid, status = os.waitpid(child.pid, 0)
    print("signalled:", pid == child.pid, os.WIFSIGNALED(status), os.WTERMSIG(status))
    for pid, number in ((child.pid, 0), (os.getpid(), 0), (os.getpid(), 1000)):
        try:
            print("there:", os.kill(pid, number))
        except OSError as error:
            print("not:", errno.errorcode[error.errno])
    child.returncode = 0


def looked_at():
    child = start("exit 6")
    seen = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    print("seen:", seen.si_pid == child.pid, seen.si_status, seen.si_code == os.CLD_EXITED)
    taken = os.waitid(os.P_ALL, 0, os.WEXITED)
    print("taken:", taken.si_status, taken.si_signo == signal.SIGCHLD)
    child.returncode = 6
    child = start("exec sleep 1000")
    print("none:", os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG))
    child.kill()
    killed = os.waitid(os.P_PIDFD, os.pidfd_open(child.pid), os.WEXITED)
    print("killed:", killed.si_status, killed.si_code == os.CLD_KILLED)
    child.returncode = -9
    for chosen in ((os.P_PID, child.pid, os.WEXITED), (os.P_ALL, 0, os.WNOHANG)):
        try:
            print(os.waitid(*chosen))
        except OSError as error:
            print("not:", errno.errorcode[error.errno])


def groups():
    own = start("exec sleep 1000")
    leader = start("sleep 1000 & sleep 1000; true", process_group=0)
    print("groups:", os.getpgid(own.pid) == os.getpgrp(), os.getpgid(leader.pid) == leader.pid)
    os.killpg(leader.pid, signal.SIGKILL)
    print("group:", os.waitpid(-leader.pid, 0)[1], os.getpgid(0) == os.getpgrp())
    leader.returncode = 0
    own.kill()
    print("own:", own.wait())
    session = start("ps -o sid= -p $$ | tr -d ' '", start_new_session=True, stdout=-1)
    print("session:", session.communicate()[0].decode().strip() == str(session.pid))


def at_once():
    print("system:", os.system("exit 3") >> 8, os.system("kill -9 $$"))
    with os.popen("echo from a pipe; exit 2") as pipe:
        print("popen:", pipe.read().strip())
    pipe = os.popen("cat >/dev/null; exit 5", "w")
    pipe.write("text")
    print("closed:", pipe.close() >> 8)
    print("output:", subprocess.getstatusoutput("echo text; exit 1"))
    print("checked:", subprocess.check_output(["tr", "a-z", "A-Z"], input=b"text"))
    try:
        subprocess.check_call(["sh", "-c", "exit 9"])
    except subprocess.CalledProcessError as error:
        print("failed:", error.returncode)


def in_time():
    child = start("read line; echo over", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.wait(timeout=0.01)
    except subprocess.TimeoutExpired as error:
        print("not in time:", error.timeout)
    print("after all:", child.communicate()[0])
    try:
        subprocess.run(["sleep", "1000"], timeout=0.05)
    except subprocess.TimeoutExpired as error:
        print("killed:", error.cmd)


def refused():
    for options in ({"args": "a\0b"}, {"args": "true", "env": {"A=B": ""}}, {"args": "/no/such"}):
        try:
            subprocess.run(**options)
        except (ValueError, OSError) as error:
            print(type(error).__name__, getattr(error, "strerror", error))


def alarms():
    rung = []
    signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    while len(rung) < 3:
        signal.pause()
    print("rung:", signal.setitimer(signal.ITIMER_REAL, 0)[1], *set(rung))
    print("alarms:", signal.alarm(1000), signal.alarm(0) > 900, signal.alarm(0))

    def too_long(number, frame):
        raise TimeoutError("rang")

    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        time.sleep(1000)
    except TimeoutError as error:
        print("woken:", error)


async def in_a_loop():
    loop, rung = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGALRM, rung.set)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    await rung.wait()
    print("in a loop:", loop.remove_signal_handler(signal.SIGALRM))


whichever_ends()
not_yet()
signals()
looked_at()
groups()
at_once()
in_time()
refused()
alarms()
asyncio.run(in_a_loop())
