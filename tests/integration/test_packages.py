"""debian/, the RPM spec and the Dockerfile: what they name is there. tests/packages builds them."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.daemon import Daemon
from harness.tools import REPOSITORY, daemon_binary

# What building a package brings by itself.
OF_DEBHELPER = {'gcc', 'libc6-dev', 'autoconf'}
OF_RPMBUILD = {'glibc-devel', 'autoconf'}
FOR_UNIT_TESTS = {'check', 'check-devel', 'python3'}


def text(name):
    return (REPOSITORY / name).read_text(encoding='utf-8')


def needed(manager):
    """Packages that building needs, from the table of scripts/dependencies."""
    column = {'apt': 0, 'dnf': 1}[manager]
    rows = re.findall(r'(?m)^    need build .*\\\n +"(.*?)" "(.*?)"', text('scripts/dependencies'))
    return {package for row in rows for package in row[column].split()}


class BuildDependenciesTest(unittest.TestCase):
    """Each kind of package is built with the same libraries."""

    def test_the_debian_package_names_what_building_needs(self):
        field = re.search(r'(?m)^Build-Depends:\n((?: .*\n)+)', text('debian/control'))[1]
        named = {re.split(r'[ :(<]', line.strip(' ,'))[0] for line in field.splitlines()}
        self.assertEqual(needed('apt') - named, OF_DEBHELPER)
        self.assertEqual({name for name in named - needed('apt') if not name.startswith('d')},
                         FOR_UNIT_TESTS & named)

    def test_the_rpm_package_names_what_building_needs(self):
        named = set(re.findall(r'(?m)^BuildRequires:\s+(\S+)', text('packaging/rpm/wsrelayd.spec')))
        self.assertEqual(needed('dnf') - named, OF_RPMBUILD)

    def test_the_image_installs_what_building_needs(self):
        build = re.search(r'apt-get install -y --no-install-recommends (.*?)\nWORKDIR',
                          text('Dockerfile'), re.S)[1]
        self.assertEqual(set(build.replace('\\', ' ').split()) - {'make'}, needed('apt'))


class ImageTest(unittest.TestCase):
    """The image's own configuration, and its health check as the Dockerfile has it."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.socket = f'unix:{self.directory}/admin.sock'
        content = text('packaging/image/wsrelayd.yaml')
        for printed, used in (('":8080"', '"127.0.0.1:0"'),
                              ('"unix:/run/wsrelayd/admin.sock"', f'"{self.socket}"')):
            self.assertEqual(content.count(printed), 1)
            content = content.replace(printed, used)
        self.daemon = Daemon(content).launch()
        self.addCleanup(self.daemon.remove)
        self.daemon.log.wait_for_count('listening', 1)

    def health(self):
        """The exit status of the health check."""
        command = json.loads(re.search(r'HEALTHCHECK .*?CMD (\[.*?\])', text('Dockerfile'), re.S)[1])
        program = daemon_binary().parent / Path(command[0]).name
        return subprocess.run([program, *command[1:]], check=False, stdin=subprocess.DEVNULL,
                              capture_output=True,
                              env={**os.environ, 'WSRELAYCTL_ADDRESS': self.socket}).returncode

    def test_it_is_healthy_while_it_serves(self):
        self.assertEqual(self.health(), 0)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertNotEqual(self.health(), 0)

    def test_it_is_not_healthy_when_it_does_not_answer(self):
        self.daemon.signal(signal.SIGSTOP)
        self.assertNotEqual(self.health(), 0)
        self.daemon.signal(signal.SIGCONT)
        self.assertEqual(self.health(), 0)

    def test_it_is_not_run_by_root(self):
        last = text('Dockerfile').rsplit('\nFROM ', 1)[1]
        user, group = re.search(r'(?m)^USER (\d+):(\d+)$', last).groups()
        self.assertGreater(min(int(user), int(group)), 0)
        self.assertIn(f'install -d -o {user} -g {group} /run/wsrelayd', last)


if __name__ == '__main__':
    unittest.main()
