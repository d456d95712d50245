"""wsrelayctl's verbs and options: --help and the manual page have the same."""

import re
import unittest

from harness.control import run
from harness.tools import REPOSITORY

PAGE = REPOSITORY / 'man' / 'wsrelayctl.8'


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


class DocumentsTest(unittest.TestCase):
    """Both agree."""

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


if __name__ == '__main__':
    unittest.main()
