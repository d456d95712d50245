"""scripts/release: an archive holds what was committed, or is not made."""

import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from harness.tools import REPOSITORY, require

IDENTITY = ('-c', 'user.name=test', '-c', 'user.email=test@localhost')


class ReleaseTest(unittest.TestCase):
    """A tree of two files in a git of its own."""

    def setUp(self):
        self.tree = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.tree)
        self.archive = self.tree / 'build/archive.tar.gz'
        (self.tree / 'scripts').mkdir()
        shutil.copy(REPOSITORY / 'scripts/release', self.tree / 'scripts')
        self.source = self.tree / 'source'
        self.source.write_text('committed', encoding='ascii')
        (self.tree / 'configure').touch()
        self.git('init')
        self.git('add', 'scripts', 'source')
        self.git(*IDENTITY, 'commit', '--message', 'all')

    def git(self, *arguments):
        subprocess.run([require('git'), *arguments], cwd=self.tree, check=True,
                       capture_output=True)

    def release(self):
        return subprocess.run([self.tree / 'scripts/release', 'name', 'build/archive.tar.gz'],
                              capture_output=True, text=True, check=False)

    def assert_refused(self):
        """With a line that names the file, and leaves nothing."""
        result = self.release()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r'(?m)^A release is what was committed\..*\n.* source$')
        self.assertFalse(self.archive.exists())

    def test_what_was_committed_is_in_it_and_nothing_else(self):
        (self.tree / 'of my own').touch()
        result = self.release()
        self.assertEqual((result.returncode, result.stdout), (0, 'build/archive.tar.gz\n'),
                         result.stderr)
        with tarfile.open(self.archive) as archive:
            self.assertEqual(archive.getnames(), ['name/configure', 'name/scripts/release',
                                                  'name/source', 'name/MANIFEST'])

    def test_a_changed_file_is_not_released(self):
        self.source.write_text('changed', encoding='ascii')
        self.assert_refused()

    def test_a_changed_file_that_waits_to_be_committed_is_not_released(self):
        self.source.write_text('changed', encoding='ascii')
        self.git('add', 'source')
        self.assert_refused()

    def test_a_missing_file_is_an_error_that_names_it(self):
        self.source.unlink()
        self.assert_refused()
