"""wsrelayctl's verbs and options: --help, the manual page and the completions have the same."""

import re
import subprocess
import unittest

from harness.control import USAGE, Control, run
from harness.tools import REPOSITORY, require

PAGE = REPOSITORY / 'man' / 'wsrelayctl.8'
BASH = REPOSITORY / 'etc' / 'completion' / 'wsrelayctl.bash'
ZSH = REPOSITORY / 'etc' / 'completion' / '_wsrelayctl'
FILES = ('-t', '--token-file', '-c', '--config')


def output(*command):
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0 or result.stderr:
        raise AssertionError(f'{command}: {result.returncode} {result.stderr}')
    return result.stdout


def complete(*words):
    """What bash offers for the last of these words."""
    script = ('source "$1"; shift; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
              '_wsrelayctl; printf "%s\\n" "${COMPREPLY[@]}"')
    return output(require('bash'), '-c', script, 'bash', BASH, 'wsrelayctl', *words).split()


class Help:
    """What --help lists."""

    def __init__(self):
        self.text = run('--help').stdout
        verbs, options = re.search(r'(?s)\nVerbs:\n(.*)\nOptions:\n(.*)\nExit', self.text).groups()
        self.verb_lines = verbs.splitlines()
        self.option_lines = options.splitlines()
        self.verbs = [(name, operands.split()) for name, operands in
                      re.findall(r'(?m)^  ([a-z-]+)((?: \[?[A-Z]+\]?)*) {2,}\S', f'{verbs}\n')]
        self.options = [(letter, name, argument.lower()) for letter, name, argument in
                        re.findall(r"(?m)^  (?:-(\w), |    )--([\w-]+)(?: ([A-Z]+))? {2,}\S", options)]

    @property
    def names(self):
        return [name for name, _ in self.verbs]

    @property
    def spellings(self):
        return [spelling for letter, name, _ in self.options
                for spelling in ([f'-{letter}'] if letter else []) + [f'--{name}']]


class DocumentsTest(unittest.TestCase):
    """All four agree."""

    @classmethod
    def setUpClass(cls):
        cls.help = Help()

    def test_help_is_understood_as_a_whole(self):
        self.assertEqual(len(self.help.verbs), len(self.help.verb_lines))
        self.assertEqual(len(self.help.options), len(self.help.option_lines))
        for line in self.help.text.splitlines():
            self.assertLessEqual(len(line), 100, line)

    def test_the_manual_page_has_every_verb_with_its_operands_and_no_other(self):
        items = re.findall(r'(?m)^\.It Cm ([a-z-]+)((?: (?:Ar|Op) .*)?)$',
                           PAGE.read_text(encoding='utf-8'))
        page = {name: [f'[{operand}]' if kind else operand for kind, operand in
                       re.findall(r'(Op Ar )?(?:Ar )?([a-z]+)', operands)]
                for name, operands in items}
        self.assertEqual(page, {name: [operand.lower() for operand in operands]
                                for name, operands in self.help.verbs})
        self.assertEqual(len(items), len(page))

    def test_the_manual_page_has_every_option_and_no_other(self):
        items = re.findall(r'(?m)^\.It (?:Fl (\w)(?: Ar \w+)? , )?Fl -([\w-]+)(?: Ar (\w+))?$',
                           PAGE.read_text(encoding='utf-8'))
        self.assertEqual(items, self.help.options)

    def test_bash_offers_every_verb(self):
        self.assertEqual(complete(''), self.help.names)
        self.assertEqual(complete('--json', '-s', 'status', ''), self.help.names)
        self.assertEqual(complete('clo'), ['close', 'close-room'])

    def test_bash_offers_every_option_as_long_as_there_is_no_verb(self):
        self.assertEqual(set(complete('-')), set(self.help.spellings))

    def test_bash_offers_a_verb_its_own_options(self):
        """Those of which the program does not say that they have no meaning."""
        common = {spelling for spelling in self.help.spellings
                  if spelling[1] != '-' or spelling in ('--server', '--token-file', '--config',
                                                        '--timeout', '--help', '--version')}
        values = {'state': 'open'}
        special = [(name, argument) for _, name, argument in self.help.options
                   if f'--{name}' not in common]
        for verb, operands in self.help.verbs:
            words = ['x' for operand in operands if not operand.startswith('[')]
            taken = {f'--{name}' for name, argument in special
                     if 'no meaning' not in Control('-s', 'nowhere').refusal(
                         USAGE, verb, *words, f'--{name}', *([values.get(name, '1')] if argument else []))}
            with self.subTest(verb):
                self.assertEqual(set(complete(verb, '-')), common | taken)

    def test_bash_offers_what_an_option_or_a_verb_takes(self):
        self.assertEqual(complete('connections', '--state', 'cl'), ['closing'])
        self.assertEqual(complete('log-level', ''), ['error', 'warning', 'notice', 'info', 'debug'])
        self.assertEqual(complete('close', '0-1', '--code', '101'), ['1011', '1012', '1013'])
        self.assertEqual(complete('status', ''), [])
        for _, name, argument in self.help.options:
            if argument and name not in ('state', 'code', 'token-file', 'config'):
                self.assertEqual(complete(f'--{name}', ''), [], name)

    def test_bash_offers_files(self):
        for option in FILES:
            self.assertEqual(complete(option, f'{PAGE}'[:-1]), [f'{PAGE}'])

    def test_zsh_offers_every_verb_and_every_option(self):
        """_arguments is asked for nothing but the words that it was given."""
        script = '_arguments() { print -rl -- "$@" }; source "$1"'
        text = output(require('zsh'), '-f', '-c', script, 'zsh', ZSH)
        offered = re.findall(r'(?m)^(?:\([^)]*\)|\*)?(--?[\w-]+)\[', text)
        self.assertEqual(sorted(offered), sorted(self.help.spellings))
        self.assertEqual(re.search(r'(?m)^1:verb:\((.*)\)$', text)[1].split(), self.help.names)


if __name__ == '__main__':
    unittest.main()
