"""deploy/README.md: what it names is there. And the limits of libs/rpc/README.md are those of the programs.

    guide_test.py BIN       BIN: folder of the programs
"""
import pathlib
import re
import subprocess
import sys
import unittest

from deploy_tools import run_with_tools

TOP = pathlib.Path(__file__).resolve().parents[2]
GUIDE = TOP / 'deploy/README.md'


class Guide(unittest.TestCase):
    def setUp(self):
        self.text = GUIDE.read_text()

    def test_links_lead_somewhere(self):
        links = re.findall(r'\]\(([^)#]+)\)', self.text)
        self.assertGreater(len(links), 10)
        for link in links:
            self.assertTrue((GUIDE.parent / link).exists(), link)

    def test_values_of_the_chart_are_those_that_it_has(self):
        values = yaml.safe_load((TOP / 'helm/polku/values.yaml').read_text())
        values['services']['NAME'] = values['defaults']
        named = [name for name in re.findall(r'`([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)`', self.text)
                 if name.split('.')[0] in values or name.split('.')[0] in values['defaults']]
        self.assertGreater(len(named), 10)
        for name in named:
            place = values if name.split('.')[0] in values else values['defaults']
            for part in name.split('.'):
                self.assertIn(part, place, name)
                place = place[part]

    def test_commands_of_polkuctl_are_those_that_it_knows(self):
        commands = re.findall(r'polkuctl (?:--role \w+\s)?([a-z][a-z-]*(?: [a-z][a-z-]*)?)', self.text)
        self.assertGreater(len(commands), 4)
        for command in commands:
            known = subprocess.run([BIN / 'polkuctl', *command.split(), '--help'], capture_output=True, text=True)
            self.assertEqual(known.returncode, 0, command)


class Limits(unittest.TestCase):
    """Every limit of the gRPC edge has a setting, the default that is told, and a test."""

    # Not tested: gRPC 1.51 gives no thread of it to a call.
    untested = {'grpc.threads_max'}
    # Of grpc.* and call.*, what is no limit.
    others = {'grpc.listen', 'grpc.reflection', 'call.retry_delay', 'call.watch_poll_interval'}

    def setUp(self):
        text = (TOP / 'libs/rpc/README.md').read_text().split('## Limits')[1].split('\n## ')[0]
        rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if line.startswith('| ')]
        self.rows = {row[1].strip('`'): (row[2], row[4]) for row in rows[2:]}
        printed = subprocess.run([BIN / 'polku-all-in-one', '--print-config'], capture_output=True, text=True, check=True)
        self.settings = dict(re.findall(r"^([a-z_.]+): '(.*)'  # default$", printed.stdout, re.MULTILINE))

    def test_each_has_its_setting_and_the_default_that_is_told(self):
        self.assertGreater(len(self.rows), 20)
        for setting, (default, _) in self.rows.items():
            self.assertEqual(self.settings.get(setting), default, setting)

    def test_no_setting_of_the_edge_is_left_out(self):
        edge = {name for name in self.settings if name.split('.')[0] in ('grpc', 'call')}
        self.assertEqual(edge - self.others, {name for name in self.rows if not name.startswith('pipeline.')})

    def test_each_is_shown_by_a_test(self):
        tests = set(re.findall(r'^TEST(?:_F|_P)?\(\w+, (\w+)\)', '\n'.join(
            path.read_text() for path in TOP.glob('libs/*/*_test.cc')), re.MULTILINE))
        for setting, (_, shown_by) in self.rows.items():
            named = [name for name in shown_by.split(', ') if name]
            self.assertEqual(not named, setting in self.untested, setting)
            for name in named:
                self.assertIn(name, tests, setting)


if __name__ == '__main__':
    run_with_tools()
    import yaml
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main()
