"""scripts/dependencies, on a machine that has nothing but what each test gives it."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.tools import REPOSITORY, require

# What the script itself is written with.
UTILITIES = ('sh', 'dirname', 'mktemp', 'rm', 'grep')

# What installs packages, by package manager.
INSTALLS = {'apt-get': 'apt-get -q -y --no-install-recommends install gcc libc6-dev',
            'dnf': 'dnf -y install gcc glibc-devel',
            'apk': 'apk add gcc musl-dev',
            'pacman': 'pacman -Syu --needed --noconfirm gcc'}


class DependenciesTest(unittest.TestCase):
    """Package managers that only write down how they were called."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        for name in UTILITIES:
            (self.directory / name).symlink_to(require(name))
        self.calls = self.directory / 'calls'

    def program(self, name, action):
        path = self.directory / name
        path.write_text(f'#!/bin/sh\n{action}\n', encoding='ascii')
        path.chmod(0o755)

    def install(self, manager, user):
        """Runs `install build`; returns its error output and how programs were called."""
        self.calls.write_text('', encoding='ascii')
        self.program('id', f'echo {user}')
        self.program(manager, f'echo "${{0##*/}} $*" >>{self.calls}')
        result = subprocess.run([REPOSITORY / 'scripts/dependencies', 'install', 'build'],
                                env={'PATH': str(self.directory)}, capture_output=True, text=True,
                                check=False)
        (self.directory / manager).unlink()
        self.assertEqual(result.returncode, 1, 'nothing was installed, which must be noticed')
        return result.stderr, self.calls.read_text(encoding='ascii')

    def test_root_installs(self):
        for manager, command in INSTALLS.items():
            with self.subTest(manager):
                errors, calls = self.install(manager, 0)
                self.assertIn(f'\n{command}', f'\n{calls}')
                self.assertIn('Still missing', errors)

    def test_others_install_with_sudo(self):
        self.program('sudo', f'echo sudo >>{self.calls}\nexec "$@"')
        for manager, command in INSTALLS.items():
            with self.subTest(manager):
                _, calls = self.install(manager, 1000)
                self.assertTrue(calls.startswith('sudo\n'), calls)
                self.assertIn(f'\n{command}', calls)

    def test_without_sudo_it_says_what_root_has_to_run(self):
        for manager, command in INSTALLS.items():
            with self.subTest(manager):
                errors, calls = self.install(manager, 1000)
                self.assertIn(f'  {command}', errors)
                self.assertIn('Run this as root, and then make deps again', errors)
                self.assertEqual(calls, '')


if __name__ == '__main__':
    unittest.main()
