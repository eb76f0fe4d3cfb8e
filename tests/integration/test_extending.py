"""The worked example of docs/extending.md, as a user would run it."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.test_embedding import ROOT, run_program

EXAMPLE = ROOT / "examples" / "visits.py"
PREAMBLE = f"import sys; sys.path.insert(0, {str(EXAMPLE.parent)!r})\n"


def python_blocks(path: Path) -> list[str]:
    """Return the Python code that a page shows."""
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)


class ExampleModuleTests(SynchronousTestCase):
    """``loadmodule`` of a user's own module."""

    def test_the_page_shows_the_file(self) -> None:
        """What is printed in the documentation is what is tested here."""
        blocks = python_blocks(ROOT / "docs" / "extending.md")
        self.assertEqual(blocks[0], EXAMPLE.read_text())

    def test_the_pages_own_test_passes(self) -> None:
        """The last block of the page is a program that runs as it stands."""
        blocks = python_blocks(ROOT / "docs" / "extending.md")
        done = run_program(PREAMBLE + blocks[-1])
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_its_commands_are_like_any_other(self) -> None:
        """Arity, types, COMMAND INFO, ACL categories and statistics follow from the decorator."""
        program = """
        from pyredis import PyRedisClient, PyRedisServer
        with PyRedisServer(port=0) as server:
            server.service.load_module("visits")
            with PyRedisClient(port=server.port) as client:
                for line in ("VISIT page ann bob eve", "VISITS page 2", "VISITS nowhere 1",
                             "VISIT page", "VISITS page x", "VISITS page -1", "SET s v",
                             "VISIT s x", "TYPE page"):
                    print(repr(client.execute(line)))
                info = client.execute("COMMAND INFO visit")
                print("+@write" in info, "+@fast" in info, "+module" in info)
                print("cmdstat_visit:calls=2" in client.execute("INFO commandstats"))
                print(client.execute("COMMAND GETKEYS VISIT page ann"))
        """
        done = run_program(PREAMBLE + textwrap.dedent(program))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            done.stdout.splitlines(),
            [
                "':3'",
                r"'*4\n+kept\n:3\n+newest\n*2\n+eve\n+bob'",
                r"'*4\n+kept\n:0\n+newest\n*0'",
                "\"-ERR wrong number of arguments for 'visit' command\"",
                "'-ERR value is not an integer or out of range'",
                "'-ERR count must not be negative'",
                "'+OK'",
                "'-WRONGTYPE Operation against a key holding the wrong kind of value'",
                "'+list'",
                "True True True",
                "True",
                "*1",
                "+page",
            ],
        )

    def test_a_module_that_is_not_there_keeps_the_server_from_starting(self) -> None:
        """One line, exit code 1; no traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "pyredis", "server", "--port", "0", "--loadmodule", "no_such"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("Can't load module no_such: No module named 'no_such'", done.stdout)
        self.assertNotIn("Traceback", done.stderr + done.stdout)

    def test_a_module_without_commands_is_refused(self) -> None:
        """Naming the wrong module is an error, not silence."""
        done = run_program(
            """
            from pyredis import PyRedisServer
            with PyRedisServer(port=0) as server:
                try:
                    server.service.load_module("json")
                except ValueError as error:
                    print(error)
            """
        )
        self.assertEqual(done.stdout, "module json declares no command\n")
