"""The units: what systemd itself thinks of them."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.daemon import run_to_end
from harness.tools import REPOSITORY, daemon_binary, require

UNITS = REPOSITORY / 'systemd'
MOST_EXPOSURE = 1.3


class UnitTest(unittest.TestCase):
    """The units as they would be installed, with the program that is being tested."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        for unit in (*UNITS.glob('*.service'), *UNITS.glob('*.socket')):
            text = unit.read_text(encoding='ascii')
            self.path(unit.name).write_text(text.replace('/usr/sbin/wsrelayd', str(daemon_binary())),
                                            encoding='ascii')

    def path(self, name):
        return self.directory / name

    def analyze(self, *arguments):
        return subprocess.run([require('systemd-analyze'), *arguments], capture_output=True,
                              text=True, check=False)

    def test_all_units_are_as_systemd_wants_them(self):
        units = sorted(map(str, self.directory.iterdir()))
        self.assertEqual(len(units), 3)
        result = self.analyze('--man=no', 'verify', *units)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ''))

    def test_the_service_is_exposed_little(self):
        result = self.analyze('security', '--offline=true', '--no-pager',
                              str(self.path('wsrelayd.service')))
        exposure = re.search(r'Overall exposure level for wsrelayd.service: (\S+)', result.stdout)
        self.assertIsNotNone(exposure, result.stderr)
        self.assertLessEqual(float(exposure[1]), MOST_EXPOSURE, result.stdout)

    def test_the_names_of_the_sockets_are_addresses(self):
        names = [re.search(r'^FileDescriptorName=(.*)$', unit.read_text(encoding='ascii'), re.M)[1]
                 for unit in UNITS.glob('*.socket')]
        self.assertEqual(sorted(names), ['plain', 'secure'])
        content = {'listeners': [{'name': name, 'address': f'systemd:{name}'} for name in names],
                   'routes': [{'path': '/', 'handler': 'echo'}]}
        self.assertEqual(run_to_end(content, '-t'), (0, []))
