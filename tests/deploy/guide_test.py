"""deploy/README.md: what it names is there.

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


if __name__ == '__main__':
    run_with_tools()
    import yaml
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main()
