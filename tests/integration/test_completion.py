"""etc/completion: what --help lists is completed by bash and by zsh."""

import re
import subprocess
import unittest

from harness.tools import REPOSITORY, daemon_binary, require

COMPLETION = REPOSITORY / 'etc/completion'
FUNCTIONS = {'wsrelayd': '_wsrelayd', 'wsrelay-bench': '_wsrelay_bench'}


def output(*command):
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0 or result.stderr:
        raise AssertionError(f'{command}: {result.returncode} {result.stderr}')
    return result.stdout


def options(program):
    """As --help lists them."""
    text = output(daemon_binary().parent / program, '--help')
    return set(re.findall(r'(?m)^ +(-\w), --', text) + re.findall(r'(?m)^ +(?:-\w, )?(--[\w-]+)', text))


def complete(program, *words):
    """What bash offers for the last of these words."""
    script = (f'source "$1"; shift; compopt() {{ :; }}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
              f'{FUNCTIONS[program]}; printf "%s\\n" "${{COMPREPLY[@]}}"')
    return set(output(require('bash'), '-c', script, 'bash', COMPLETION / f'{program}.bash',
                      program, *words).split())


class CompletionTest(unittest.TestCase):
    """Both shells, both programs."""

    def test_bash_offers_every_option(self):
        for program in FUNCTIONS:
            with self.subTest(program):
                self.assertEqual(complete(program, 'echo', '-'), options(program))

    def test_bash_offers_what_an_option_takes(self):
        self.assertEqual(complete('wsrelayd', '-l', 'n'), {'notice'})
        self.assertEqual(complete('wsrelay-bench', ''), {'echo', 'fanout', 'connect', 'idle'})
        self.assertEqual(complete('wsrelay-bench', 'echo', '--rate', ''), set())

    def test_zsh_offers_every_option(self):
        """_arguments is asked for nothing but the words that it was given."""
        for program in FUNCTIONS:
            with self.subTest(program):
                script = '_arguments() { print -rl -- "$@" }; source "$1"'
                text = output(require('zsh'), '-f', '-c', script, 'zsh', COMPLETION / f'_{program}')
                offered = re.findall(r'(?m)^(?:\([^)]*\)|\*)?(--?[\w-]+)\[', text)
                self.assertEqual(set(offered), options(program))
                self.assertEqual(len(offered), len(set(offered)))


if __name__ == '__main__':
    unittest.main()
