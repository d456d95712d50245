"""Which rows and servers the command line chooses."""

import fnmatch


def select(table, patterns, option):
    """Those whose names match one of these shell patterns; all when there is no pattern. Raises
    ValueError, which names the option, when a pattern matches nothing."""
    for pattern in patterns:
        if not any(fnmatch.fnmatch(entry.name, pattern) for entry in table):
            raise ValueError(f'{option} {pattern}: nothing has such a name; --list shows them')
    return tuple(entry for entry in table
                 if not patterns or any(fnmatch.fnmatch(entry.name, one) for one in patterns))
