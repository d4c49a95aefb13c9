"""docker-compose.yml, without Docker: its schema, its order, and that the programs understand what it tells them.

    compose_test.py BIN       BIN: folder of the programs
"""
import copy
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from deploy_tools import TOOLS, TOP, make_certificates, run_with_tools

SERVICES = ['referral', 'assessment', 'coordinator-network', 'follow-up']


def version():
    return re.search(r'project\(polku VERSION ([0-9.]+)', (TOP / 'CMakeLists.txt').read_text())[1]


def environment(service, certificates):
    """What a program of the file sees."""
    return {key: str(value).replace('/etc/polku/trial/certificates', certificates)
            for key, value in service.get('environment', {}).items()}


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.certificates.cleanup)
        make_certificates(cls.certificates.name)

    def setUp(self):
        self.file = yaml.safe_load((TOP / 'docker-compose.yml').read_text())
        self.services = self.file['services']

    def faults(self, file):
        schema = TOOLS / 'python/lib'
        schema = next(schema.glob('*/site-packages/check_jsonschema/builtin_schemas/vendor/compose-spec.json'))
        validator = jsonschema.validators.validator_for(json.loads(schema.read_text()))(json.loads(schema.read_text()))
        return [error.message for error in validator.iter_errors(file)]

    def test_it_is_what_the_compose_specification_knows(self):
        self.assertEqual(self.faults(self.file), [])
        wrong = copy.deepcopy(self.file)
        wrong['services']['referral']['healthchek'] = {}
        self.assertNotEqual(self.faults(wrong), [])

    def test_images_are_pinned_and_ours_are_those_of_the_dockerfile(self):
        targets = re.findall(r'^FROM .* AS (\S+)', (TOP / 'deploy/Dockerfile').read_text(), re.M)
        for name, service in self.services.items():
            image, tag = service['image'].rsplit(':', 1)
            self.assertRegex(tag, r'^v?[0-9]+\.[0-9]+', name)
            if image.startswith('polku/'):
                self.assertEqual(tag, version(), name)
                self.assertEqual(service['build']['args']['VERSION'], version(), name)
                self.assertEqual(service['build']['target'], image.removeprefix('polku/'), name)
                self.assertIn(service['build']['target'], targets)

    def test_a_service_starts_after_what_it_needs_and_says_when_it_is_ready(self):
        for name in SERVICES:
            after = {other: row['condition'] for other, row in self.services[name]['depends_on'].items()}
            self.assertEqual(after, {
                'kafka': 'service_healthy', 'postgres': 'service_healthy', 'topics': 'service_completed_successfully',
                'certificates': 'service_completed_successfully', f'migrate-{name}': 'service_completed_successfully'})
        for name, service in self.services.items():
            one_shot = name.startswith('migrate-') or name in ('topics', 'certificates', 'polkuctl')
            self.assertEqual('healthcheck' in service, not one_shot, name)
            self.assertEqual('restart' in service, not one_shot, name)

    def test_only_this_machine_reaches_the_ports(self):
        for name, service in self.services.items():
            for port in service.get('ports', []):
                self.assertTrue(port.startswith('127.0.0.1:'), name)

    def test_programs_understand_what_they_are_told(self):
        for name in SERVICES:
            service, migrate = self.services[name], self.services[f'migrate-{name}']
            health = service['healthcheck']['test']
            self.assertEqual(service['environment'], migrate['environment'], name)
            self.assertEqual(health[:2], ['CMD', f'polku-{name}'])
            for words in (service.get('command', []), migrate['command'], health[2:]):
                checked = self.run_program(f'polku-{name}', [*words, '--check-config'], service)
                self.assertEqual(checked.returncode, 0, f'{name} {words}: {checked.stderr}')
            wrong = {'environment': {**service['environment'], 'POLKU_BUS_KIDN': 'kafka'}}
            self.assertNotEqual(self.run_program(f'polku-{name}', ['--check-config'], wrong).returncode, 0)
        topics = self.run_program('polkuctl', [*self.services['topics']['command'], '--help'], self.services['topics'])
        self.assertEqual(topics.returncode, 0, topics.stderr)

    def run_program(self, program, words, service):
        return subprocess.run([BIN / program, *words], env=environment(service, self.certificates.name), capture_output=True,
                              text=True, cwd=TOP)

    def test_each_service_is_a_peer_of_the_others_under_its_own_name(self):
        for name in SERVICES:
            peers = dict(row.split('=') for row in self.services[name]['environment']['POLKU_PEERS'].split(','))
            self.assertEqual(peers, {other: f'{other}:7443' for other in SERVICES if other != name})
            self.assertIn(f'/{name}.pem', self.services[name]['environment']['POLKU_TLS_CERTIFICATE'])

    def test_topics_are_those_of_a_region_on_one_broker(self):
        def names(path):
            return {topic['name']: topic['replication_factor'] for topic in yaml.safe_load(path.read_text())['topics']}
        trial = names(TOP / 'deploy/compose/topics.yaml')
        self.assertEqual(set(trial), set(names(TOP / 'deploy/topics.yaml')))
        self.assertEqual(set(trial.values()), {1})

    def test_prometheus_scrapes_the_four_and_takes_the_alert_rules(self):
        with tempfile.TemporaryDirectory() as folder:
            copied = pathlib.Path(folder, 'prometheus')
            shutil.copytree(TOP / 'deploy/prometheus', copied)
            config = copied / 'prometheus.yml'
            config.write_text(config.read_text().replace('/etc/prometheus', str(copied)))
            checked = subprocess.run(['promtool', 'check', 'config', config], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertIn('1 rule files found', checked.stdout)
        jobs = yaml.safe_load((TOP / 'deploy/prometheus/prometheus.yml').read_text())['scrape_configs']
        self.assertEqual([job['job_name'] for job in jobs], ['polku'])  # As the alert rules have it.
        self.assertEqual(jobs[0]['static_configs'][0]['targets'], [f'{name}:9443' for name in SERVICES])


class Image(unittest.TestCase):
    """deploy/Dockerfile installs what the programs need to start; `tools/dev image` starts them."""

    def test_packages_hold_every_library_that_a_program_is_linked_with(self):
        dockerfile = (TOP / 'deploy/Dockerfile').read_text()
        stages = dict(re.findall(r'^FROM [^\n]* AS (\S+)\n(.*?)(?=^FROM|\Z)', dockerfile, re.M | re.S))
        base = installed_by(stages['base'])
        for program in ['polku-all-in-one', *(f'polku-{name}' for name in SERVICES), 'polkuctl']:
            there = with_dependencies(base | installed_by(stages[program]))
            self.assertEqual(linked_packages(BIN / program) - there, set(), program)


def installed_by(stage):
    """Packages that its apt-get install names."""
    return {word for words in re.findall(r'apt-get install (.*?)&&', stage.replace('\\\n', ' '), re.S)
            for word in words.split() if not word.startswith('-')}


def with_dependencies(packages):
    """As this machine has them, which is Debian 12 like the image; besides what every Debian has."""
    found, more = set(), packages | {'libc6', 'libgcc-s1', 'libstdc++6'}
    while more:
        found |= more
        told = subprocess.run(['dpkg-query', '-W', '-f', '${Depends}, ${Pre-Depends}, ', *more], capture_output=True,
                              text=True).stdout
        more = {re.split(r'[ :(]', row.strip())[0] for row in re.split(r'[,|]', told)} - found - {''}
    return found


def linked_packages(program):
    needed = re.findall(r'\(NEEDED\).*\[(.*)\]', subprocess.run(['readelf', '-d', program], capture_output=True, text=True,
                                                              check=True).stdout)
    places = dict(re.findall(r'(\S+) => (\S+)', subprocess.run(['ldd', program], capture_output=True, text=True).stdout))
    files = [os.path.realpath(places[name]) for name in needed if name in places]
    files += [name.removeprefix('/usr') for name in files]  # Some packages know their files by the older place.
    owned = subprocess.run(['dpkg', '-S', *files], capture_output=True, text=True).stdout
    return {line.split(':')[0] for line in owned.splitlines()}


class Certificates(unittest.TestCase):
    """The authority of a trial: what it makes is what a server and polkuctl take."""

    def test_an_operator_may_ask_and_nobody_without_token_or_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder, 'certificates')
            for _ in range(2):  # Again: nothing is made anew.
                make_certificates(made)
            grpc, ops = free_ports(2)
            server = subprocess.Popen(
                [BIN / 'polku-all-in-one', '--access.mode=mtls', f'--data.folder={folder}/data',
                 f'--tls.certificate={made}/referral.pem', f'--tls.key={made}/referral.key',
                 f'--tls.client_ca={made}/ca.pem', f'--access.organisations={made}/organisations.yaml',
                 f'--access.jwks={made}/jwks.json', '--access.token_issuer=https://trial.polku.example',
                 '--access.token_audience=polku',
                 f'--grpc.listen=127.0.0.1:{grpc}', f'--ops.listen=127.0.0.1:{ops}'],
                cwd=TOP, stdout=subprocess.DEVNULL)
            try:
                self.wait_until_ready(server, ops)
                lag = [BIN / 'polkuctl', f'--server=localhost:{grpc}', '--role=operator', 'lag']
                desk = [f'--ca={made}/ca.pem', f'--certificate={made}/desk.pem', f'--key={made}/desk.key']
                token = f'--token-file={made}/token.jwt'
                shown = subprocess.run([*lag, *desk, token], capture_output=True, text=True)
                self.assertEqual(shown.returncode, 0, shown.stderr)
                for less in ([*lag, *desk], lag):
                    self.assertNotEqual(subprocess.run(less, capture_output=True).returncode, 0, less)
            finally:
                server.terminate()
                server.wait()

    def wait_until_ready(self, server, ops):
        end = time.monotonic() + 60
        while subprocess.run([BIN / 'polku-all-in-one', 'health', f'--ops.listen=127.0.0.1:{ops}'],
                             capture_output=True).returncode:
            if server.poll() is not None or time.monotonic() > end:
                self.fail('it does not become ready: what it said stands above')


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == '__main__':
    run_with_tools()
    import jsonschema
    import yaml
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main()
