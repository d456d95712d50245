"""nginx, with what a test puts into its http block."""

import shutil
import subprocess

from harness.tools import require

TEMPORARY = ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')


def nginx_command(directory, http):
    """The command that runs nginx in a directory with this configuration, which it has checked."""
    main = directory / 'nginx.conf'
    paths = ''.join(f'{name}_temp_path {directory}/{name};\n' for name in TEMPORARY)
    main.write_text(f'user root;\ndaemon off;\npid {directory}/nginx.pid;\n'
                    f'error_log {directory}/error.log;\nevents {{}}\n'
                    f'http {{\naccess_log off;\n{paths}{http}\n}}\n', encoding='utf-8')
    nginx = shutil.which('nginx') or require('/usr/sbin/nginx')
    command = [nginx, '-c', main, '-p', directory]
    check = subprocess.run([*command, '-t'], capture_output=True, text=True, check=False)
    if check.returncode != 0:
        raise AssertionError(check.stderr)
    return command
