"""debian/ and the RPM spec: what they name is there. tests/packages builds them."""

import re
import unittest

from harness.tools import REPOSITORY

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



if __name__ == '__main__':
    unittest.main()
