"""What is asked of some texts."""

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config import checks


class CheckTests(SynchronousTestCase):
    """Each check lets the right pass and words its refusal as Redis does."""

    def refuses(self, check: Callable[[str], None], value: str, text: str) -> None:
        """Check the words of a refusal."""
        with self.assertRaises(ValueError) as caught:
            check(value)
        self.assertEqual(str(caught.exception), text)

    def test_file_names(self) -> None:
        """A file's name is no path; only the snapshot's may be empty."""
        checks.dump_file_name("")
        checks.append_file_name("a.aof")
        checks.append_directory_name("a")
        for path in ("a/b", "a\\b"):
            self.refuses(checks.dump_file_name, path, "dbfilename can't be a path, just a filename")
            self.refuses(
                checks.append_file_name, path, "appendfilename can't be a path, just a filename"
            )
            self.refuses(
                checks.append_directory_name, path, "appenddirname can't be a path, just a dirname"
            )
        self.refuses(checks.append_file_name, "", "appendfilename can't be empty")
        self.refuses(checks.append_directory_name, "", "appenddirname can't be empty")

    def test_hostnames(self) -> None:
        """Letters, digits, hyphens and dots, and fewer than 256 of them."""
        checks.hostname("a-1.example")
        checks.hostname("")
        checks.hostname("a" * 255)
        self.refuses(checks.hostname, "a" * 256, "Hostnames must be less than 256 characters")
        for name in ("a_b", "a b", "ä"):
            self.refuses(
                checks.hostname,
                name,
                "Hostnames may only contain alphanumeric characters, hyphens or dots",
            )

    def test_node_names(self) -> None:
        """Signs that mean something in a node file are refused."""
        checks.node_name("node-1 of.two/three")
        for sign in "!#$%&()*+:;<>?@[]^{|}~":
            self.refuses(
                checks.node_name,
                f"a{sign}",
                "Announced human node name contained invalid character",
            )

    def test_title_templates(self) -> None:
        """Known variables, closed braces, and something to show."""
        for template in (
            "{title} {listen-addr} {server-mode}",
            "{{literal }}",
            "{config-file}{port}{tls-port}",
            "--my--title",
        ):
            checks.title_template(template)
        for template in ("", "  ", "{", "{x}", "{}", "{title", "a {Title}", "{title} "):
            self.refuses(
                checks.title_template,
                template,
                "template format is invalid or contains unknown variables",
            )
