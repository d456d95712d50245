"""The units: what systemd itself thinks of them."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from harness.daemon import run_to_end
from harness.units import UNITS, analyze, problems, write_units

MOST_EXPOSURE = 1.3


class UnitTest(unittest.TestCase):
    """The units as they would be installed, with the program that is being tested."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.units = write_units(self.directory)

    def test_all_units_are_as_systemd_wants_them(self):
        self.assertEqual(len(self.units), 4)
        self.assertEqual(problems(self.units), (0, ''))

    def test_the_services_are_exposed_little(self):
        for name in ('wsrelayd.service', 'wsrelayd@.service'):
            result = analyze('security', '--offline=true', '--no-pager', self.directory / name)
            exposure = re.search(r'Overall exposure level for \S+: (\S+)', result.stdout)
            self.assertIsNotNone(exposure, result.stderr)
            self.assertLessEqual(float(exposure[1]), MOST_EXPOSURE, result.stdout)

    def test_the_names_of_the_sockets_are_addresses(self):
        names = [re.search(r'^FileDescriptorName=(.*)$', unit.read_text(encoding='ascii'), re.M)[1]
                 for unit in UNITS.glob('*.socket')]
        self.assertEqual(sorted(names), ['plain', 'secure'])
        content = {'listeners': [{'name': name, 'address': f'systemd:{name}'} for name in names],
                   'routes': [{'path': '/', 'handler': 'echo'}]}
        self.assertEqual(run_to_end(content, '-t'), (0, []))
