"""Where the tools of these tests are: tools/dev fetches them and says so in DEPLOY_TOOLS."""
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get('DEPLOY_TOOLS', '/nowhere'))


def make_certificates(folder):
    """Those of a trial; programs look at them when they check their settings."""
    subprocess.run([TOP / 'deploy/compose/certificates.sh', folder], check=True, capture_output=True)


def not_run(why):
    """Ends the test; in CI it has failed."""
    print(f'NOT RUN: {why}')
    sys.exit(1 if os.environ.get('CI') else 77)  # 77: ctest counts it as skipped.


def run_with_tools():
    """Goes on in the Python that has what the tests import, or ends."""
    if not (TOOLS / 'ready').exists():
        not_run('no Helm and no schemas; tools/dev test fetches them')
    python = TOOLS / 'python/bin/python'
    if pathlib.Path(sys.executable) != python:
        os.execv(python, [str(python), *sys.argv])
