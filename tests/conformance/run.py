"""Runs one file of CPython's test suite: `run.py SUITE PYTHON MODULE [TESTS...]`, without those
tests. SUITE is the folder of the package `test`, PYTHON what a test's own children are started by.
Prints a line of JSON when a test begins, when it ends, and at the end of all."""

import importlib.util
import json
import os
import sys
import sysconfig
import types
import unittest


class Reporter(unittest.TestResult):
    """Tells what becomes of each test, as soon as it is known."""

    def startTest(self, test):
        super().startTest(test)
        self.outcome = "passed", ""
        tell(began=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        outcome, reason = self.outcome
        tell(ended=test.id(), outcome=outcome, reason=reason)

    def addError(self, test, error):
        self.fail(test, error)

    def addFailure(self, test, error):
        self.fail(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.fail(test, error)

    def fail(self, test, error):
        """The whole of it is for the log."""
        print(test.id(), self._exc_info_to_string(error, test), file=sys.stderr)
        self.note(test, "failed", last_line(error))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "failed", "unexpected success")

    def note(self, test, outcome, reason):
        """Of a class or a module that cannot be set up, no test begins."""
        if isinstance(test, unittest.suite._ErrorHolder):
            what, _, name = test.id().partition(" ")
            tell(ended=f"{name.strip('()')}.{what}", outcome=outcome, reason=reason)
        elif self.outcome[0] != "failed":
            self.outcome = outcome, reason


class Ignoring(unittest.TestSuite):
    """Leaves out tests of some names."""

    names: list[str] = []

    def addTest(self, test):
        if isinstance(test, unittest.TestSuite) or test.id() not in self.names:
            super().addTest(test)


def tell(**what):
    os.write(sys.__stdout__.fileno(), (json.dumps(what) + "\n").encode())


def last_line(error):
    kind, value, _ = error
    text = f"{kind.__name__}: {value}".strip()
    return text.splitlines()[0][:200]


def main():
    folder, sys.executable, module, *Ignoring.names = sys.argv[1:]
    prepare(folder)
    loader = unittest.TestLoader()
    loader.suiteClass = Ignoring
    try:
        tests = loader.loadTestsFromModule(importlib.import_module(module))
    except unittest.SkipTest as why:
        tell(ended=module, outcome="skipped", reason=str(why))
    else:
        tests.run(Reporter())
    tell(done=True)


def prepare(folder):
    """Makes the suite importable, and has it look at what is there, not at the platform's name."""
    package = sys.modules["test"] = types.ModuleType("test")
    package.__path__ = [folder]
    if sys.platform == "wasi":
        import threads

        threads.install()
        # Imported by all tests of a file, and used by those that need a pseudo-terminal.
        sys.modules["tty"] = types.ModuleType("tty")
    # The guest's is cut short within quotation marks.
    sysconfig.get_config_vars()["CONFIG_ARGS"] = ""
    support = importlib.import_module("test.support")
    support.has_socket_support = support.has_subprocess_support = True


main()
