"""docker-compose.yml comes up, without Docker: each container is the program itself in a network namespace of its own.

    compose_run_test.py BIN       BIN: folder of the programs

Order, commands, environment, health checks, names and ports are those of the file. A volume is a folder; an image of
others is what this machine has of them (KAFKA_FOR_TESTS, PostgreSQL, Prometheus of Debian). Needs root, for namespaces.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from deploy_tools import TOP, not_run, run_with_tools

KAFKA_JARS = pathlib.Path(os.environ.get('KAFKA_FOR_TESTS', '/nowhere'))
POSTGRES = sorted(pathlib.Path('/usr/lib/postgresql').glob('*/bin'))[-1:]
PATIENCE_S = 180


def missing():
    if os.geteuid() != 0:
        return 'not root'
    if not KAFKA_JARS.exists() or not POSTGRES:
        return 'no Kafka or no PostgreSQL'
    return next((f'no {tool}' for tool in ('ip', 'java', 'prometheus') if not shutil.which(tool)), None)


class Network:
    """A switch and, for each name, a namespace with an address that the others know by that name."""

    def __init__(self, folder, names):
        self.prefix = f'polku{os.getpid()}'
        self.hub = f'{self.prefix}-hub'
        self.spaces = {name: f'{self.prefix}-{name}' for name in names}
        hosts = ''.join(f'10.77.0.{i} {name}\n' for i, name in enumerate(names, 1))
        self.ip(f'netns add {self.hub}')
        self.ip(f'-n {self.hub} link add switch type bridge')
        self.ip(f'-n {self.hub} link set switch up')
        for i, (name, space) in enumerate(self.spaces.items(), 1):
            self.ip(f'netns add {space}')
            self.ip(f'-n {self.hub} link add port{i} type veth peer name eth0 netns {space}')
            self.ip(f'-n {self.hub} link set port{i} master switch up')
            self.ip(f'-n {space} address add 10.77.0.{i}/24 dev eth0')
            self.ip(f'-n {space} link set eth0 up')
            self.ip(f'-n {space} link set lo up')
            etc = pathlib.Path('/etc/netns', space)  # Where `ip netns exec` looks for what it puts over /etc.
            etc.mkdir(parents=True)
            (etc / 'resolv.conf').write_text('nameserver 127.0.0.1\n')  # Nobody: what has no line in hosts is not there.
            (etc / 'hosts').write_text(f'127.0.0.1 localhost\n10.77.0.{i} {socket.gethostname()}\n{hosts}')

    @staticmethod
    def ip(arguments, check=True):
        subprocess.run(['ip', *arguments.split()], check=check, capture_output=not check)

    def close(self):
        for space in [*self.spaces.values(), self.hub]:
            self.ip(f'netns delete {space}', check=False)
            shutil.rmtree(pathlib.Path('/etc/netns', space), ignore_errors=True)


class Region:
    """What `docker compose up` would have."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.folder.chmod(0o755)
        self.services = yaml.safe_load((TOP / 'docker-compose.yml').read_text())['services']
        self.network = Network(self.folder, list(self.services))
        self.running = {}
        self.done = set()

    def close(self):
        for process in reversed(self.running.values()):
            process.terminate()
        for process in reversed(self.running.values()):
            process.wait()
        self.network.close()
        shutil.rmtree(self.folder)

    def place(self, text, service):
        """A path of a container, on this machine."""
        for volume in service.get('volumes', []):
            source, target = volume.split(':')[:2]
            source = TOP / source if source.startswith('./') else self.folder / source
            text = text.replace(target, str(source))
        text = text.replace('/usr/share/polku/certificates.sh', str(TOP / 'deploy/compose/certificates.sh'))
        text = re.sub('/usr/share/polku/(pathways|rules|instruments)', rf'{TOP}/deploy/\1', text)
        return re.sub(r'\$\{\w+:-(\w*)\}', r'\1', text)

    def command(self, name, words):
        service = self.services[name]
        set_variables = [f'{key}={self.place(str(value), service)}' for key, value in service.get('environment', {}).items()]
        if service['image'].startswith('polku/'):
            settings = self.folder / f'{name}.yaml'
            settings.write_text(self.place((TOP / 'deploy/image.yaml').read_text(), service))
            set_variables.append(f'POLKU_CONFIG={settings}')  # As the image has it.
        return ['ip', 'netns', 'exec', self.network.spaces[name], 'env', '-i', f'PATH={BIN}:{os.environ["PATH"]}',
                *set_variables, *words]

    def run(self, name, *words):
        service = self.services[name]
        program = service['image'].removeprefix('polku/').split(':')[0]
        said = [*service.get('entrypoint', [program]), *(words or service.get('command', []))]
        return subprocess.run(self.command(name, [self.place(word, service) for word in said]), capture_output=True,
                              text=True, cwd=TOP)

    def up(self, name):
        if name in self.done:
            return
        for other in self.services[name].get('depends_on', {}):
            self.up(other)
        for volume in self.services[name].get('volumes', []):
            if not volume.startswith('./'):
                (self.folder / volume.split(':')[0]).mkdir(exist_ok=True)
        if 'healthcheck' in self.services[name]:
            self.start(name)
        else:
            ended = self.run(name)
            assert ended.returncode == 0, f'{name}: {ended.stderr}'
        self.done.add(name)

    def start(self, name):
        others = {'kafka': self.kafka, 'postgres': self.postgres, 'prometheus': self.prometheus}
        words = others[name]() if name in others else [f'polku-{name}', *self.services[name].get('command', [])]
        output = (self.folder / f'{name}.output').open('w')
        self.running[name] = subprocess.Popen(self.command(name, words), stdout=output, stderr=output, cwd=TOP)
        end = time.monotonic() + PATIENCE_S
        while not self.is_healthy(name):
            said = (self.folder / f'{name}.output').read_text()[-3000:]
            assert self.running[name].poll() is None, f'{name} has ended:\n{said}'
            assert time.monotonic() < end, f'{name} does not become healthy:\n{said}'

    def is_healthy(self, name):
        """The health check of the file, or for an image of others what it stands for."""
        listens = {'kafka': 9092, 'postgres': 5432, 'prometheus': 9090}
        words = self.services[name]['healthcheck']['test'][1:]
        if name in listens:
            words = ['bash', '-c', f'exec 3<>/dev/tcp/127.0.0.1/{listens[name]}']
        return subprocess.run(self.command(name, words), capture_output=True, timeout=60).returncode == 0

    def kafka(self):
        """Settings by variables, as the image has it: KAFKA_LOG_DIRS is log.dirs."""
        service = self.services['kafka']
        settings = self.folder / 'server.properties'
        settings.write_text(''.join(f'{key[6:].lower().replace("_", ".")}={self.place(str(value), service)}\n'
                                    for key, value in service['environment'].items() if key != 'KAFKA_HEAP_OPTS'))
        java = ['java', service['environment']['KAFKA_HEAP_OPTS'], '-cp', f'{KAFKA_JARS}/*']
        subprocess.run([*java, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', settings], check=True,
                       capture_output=True)
        return [*java, 'kafka.Kafka', settings]

    def postgres(self):
        """As the image does it at its first start: the user of POSTGRES_USER, its database, then the scripts."""
        service, data = self.services['postgres'], self.folder / 'postgres'
        as_postgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
        password = self.folder / 'password'
        password.write_text(self.place(service['environment']['POSTGRES_PASSWORD'], service))
        for path in (data, password):
            shutil.chown(path, 'postgres', 'postgres')
        subprocess.run([*as_postgres, POSTGRES[0] / 'initdb', '-D', data, '-U', service['environment']['POSTGRES_USER'],
                        '--encoding=UTF8', '--locale=C.UTF-8', '--auth-host=scram-sha-256', '--auth-local=trust',
                        f'--pwfile={password}'], check=True, capture_output=True, cwd='/')
        with (data / 'pg_hba.conf').open('a') as rules:
            rules.write('host all all all scram-sha-256\n')
        for sql in ['CREATE DATABASE polku', (TOP / 'deploy/compose/databases.sql').read_text()]:
            subprocess.run([*as_postgres, POSTGRES[0] / 'postgres', '--single', '-j', '-D', data, 'postgres'],
                           input=sql.replace(';\n', ';\n\n') + '\n\n', text=True, check=True, capture_output=True, cwd='/')
        return [*as_postgres, POSTGRES[0] / 'postgres', '-D', data, '-c', 'listen_addresses=*', '-c', 'unix_socket_directories=']

    def prometheus(self):
        """Its own configuration, where this machine has the folder."""
        copied = self.folder / 'prometheus-settings'
        shutil.copytree(TOP / 'deploy/prometheus', copied)
        config = copied / 'prometheus.yml'
        config.write_text(config.read_text().replace('/etc/prometheus', str(copied)).replace('15s', '1s'))
        return ['prometheus', f'--config.file={config}', f'--storage.tsdb.path={self.folder}/prometheus']

    def ask_prometheus(self, path):
        code = f'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9090/api/v1/{path}").read().decode())'
        asked = subprocess.run(self.command('prometheus', [sys.executable, '-c', code]), capture_output=True, text=True)
        return json.loads(asked.stdout)['data'] if asked.returncode == 0 else {}


class ComposeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.region = Region()
        cls.addClassCleanup(cls.region.close)
        for name, service in cls.region.services.items():
            if 'profiles' not in service:
                cls.region.up(name)

    def eventually(self, look, what):
        end = time.monotonic() + PATIENCE_S
        while not look():
            self.assertLess(time.monotonic(), end, what)

    def polkuctl(self, text):
        return self.region.run('polkuctl', *shlex.split(text))

    def test_every_service_answers_over_tls(self):
        asked = self.polkuctl('health')
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertEqual(asked.stdout.count('serves'), 4)

    def test_a_referral_goes_through_the_four_services(self):
        done = self.polkuctl('--role lead coordinators register kajaani-1 --home organisations/kainuu-unit --municipality 205 '
                             '--language fi --segment unemployed --capacity 40')
        self.assertEqual(done.returncode, 0, done.stderr)
        sent = self.polkuctl('--json --role referrer referrals submit --to organisations/kainuu-unit --segment unemployed '
                             '--need work-ability --family-name Esimerkki --given-names Eeva --birth-date 1990-01-01 '
                             '--municipality 205 --language fi')
        self.assertEqual(sent.returncode, 0, sent.stderr)
        referral = re.search(r'clients/[^"]*/referrals/[0-9]+', sent.stdout)[0]
        client = referral.split('/referrals/')[0]
        accepted = self.polkuctl(f'--role intake referrals accept {referral} --pathway kainuu-unemployed')
        self.assertEqual(accepted.returncode, 0, accepted.stderr)
        for role, words in (('assessor', f'assessments show {client}/assessments/1'),
                            ('coordinator', f'assignments show {client}'), ('coordinator', f'journeys show {client}')):
            self.eventually(lambda: self.polkuctl(f'--role {role} {words}').returncode == 0, words)

    def test_prometheus_scrapes_the_four_and_has_the_alert_rules(self):
        up = 'query?query=' + urllib.parse.quote('up{job="polku"} == 1')
        self.eventually(lambda: len(self.region.ask_prometheus(up).get('result', [])) == 4, 'four targets are up')
        groups = self.region.ask_prometheus('rules')['groups']
        files = {pathlib.Path(group['file']).name for group in groups}
        self.assertEqual(files, {path.name for path in (TOP / 'deploy/prometheus').glob('*.rules.yaml')})
        self.assertEqual([rule for group in groups for rule in group['rules'] if rule['health'] == 'err'], [])


if __name__ == '__main__':
    run_with_tools()
    why = missing()
    if why:
        not_run(f'docker-compose.yml is not started: {why}')
    import yaml
    BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
