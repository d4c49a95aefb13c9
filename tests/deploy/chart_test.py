"""The chart helm/polku, without a cluster.

    chart_test.py BIN       BIN: folder of the programs, which must take the settings that the chart writes

Tools are where tools/dev put them (DEPLOY_TOOLS): Helm 3 and 4, schemas of Kubernetes and of the
operators' kinds. Without them: NOT RUN, which fails in CI.
"""
import copy
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from deploy_tools import TOOLS, TOP, make_certificates, run_with_tools

CHART = TOP / 'helm/polku'
SCENARIOS = sorted((CHART / 'ci').glob('*-values.yaml'))
HELMS = ('helm3', 'helm4')
KUBERNETES = ('1.27', '1.37')  # The oldest and the newest that Chart.yaml admits and the schemas know.
SERVICES = {'referral', 'assessment', 'coordinator-network', 'follow-up'}
RULES = 'deploy/prometheus/polku.rules.yaml'
NO_CRDS = CHART / 'ci/no-crds-values.yaml'
OPERATORS = {  # Kind -> package of its types, as its own sources have them.
    'ServiceMonitor': 'prometheus-operator/monitoring.coreos.com/v1',
    'PodMonitor': 'prometheus-operator/monitoring.coreos.com/v1',
    'PrometheusRule': 'prometheus-operator/monitoring.coreos.com/v1',
    'ScaledObject': 'keda/keda.sh/v1alpha1',
}
# Objects whose keys are not the chart's to know.
FREE = {'settings', 'commonLabels', 'annotations', 'podAnnotations', 'podLabels', 'nodeSelector', 'labels', 'requests',
        'limits', 'namespaceSelector', 'podSelector', 'affinity'}


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)


def template(helm, *more, name='region', chart=CHART):
    return run(TOOLS / helm, 'template', name, chart, '--namespace', 'polku', '--is-upgrade', *more)


@functools.cache
def objects(scenario, name='region'):
    """What the chart makes of a scenario's values, by kind."""
    made = template('helm3', '-f', scenario, name=name)
    assert made.returncode == 0, made.stderr
    return sorted_by_kind(made)


def of_values(values):
    """What Helm says to these values."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(values, file)
        file.flush()
        return template('helm3', '-f', file.name)


def objects_of(values):
    made = of_values(values)
    assert made.returncode == 0, made.stderr
    return sorted_by_kind(made)


def sorted_by_kind(made):
    by_kind = {}
    for one in yaml.safe_load_all(made.stdout):
        if one:
            by_kind.setdefault(one['kind'], []).append(one)
    return by_kind


def pods(by_kind):
    for kind in ('Deployment', 'Job'):
        for one in by_kind.get(kind, []):
            yield one['metadata']['name'], one['spec']['template']['spec']
    for one in by_kind.get('Pod', []):
        yield one['metadata']['name'], one['spec']


def walk(values, path=()):
    """Every object of the values whose keys the chart knows."""
    yield path
    for key, value in values.items():
        if isinstance(value, dict) and key not in FREE:
            yield from walk(value, path + (key,))


def with_key(path, key, value):
    made = {key: value}
    for part in reversed(path):
        made = {part: made}
    return made


class Chart(unittest.TestCase):
    def test_both_versions_of_helm_find_nothing_to_mend_and_make_the_same(self):
        for scenario in SCENARIOS:
            made = []
            for helm in HELMS:
                lint = run(TOOLS / helm, 'lint', CHART, '--strict', '-f', scenario)
                self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)
                made.append(template(helm, '-f', scenario))
                self.assertEqual(made[-1].returncode, 0, made[-1].stderr)
            self.assertEqual(made[0].stdout, made[1].stdout)

    def test_a_package_of_it_holds_alert_rules_and_dashboard_and_makes_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            packed = run(TOOLS / 'helm3', 'package', CHART, '--destination', folder)
            self.assertEqual(packed.returncode, 0, packed.stderr)
            ha = CHART / 'ci/ha-values.yaml'
            made = template('helm3', '-f', ha, chart=next(pathlib.Path(folder).iterdir()))
        self.assertEqual(made.stdout, template('helm3', '-f', ha).stdout)
        rule, = objects(ha)['PrometheusRule']
        alerts = [one['alert'] for group in rule['spec']['groups'] for one in group['rules'] if 'alert' in one]
        self.assertEqual(sorted(alerts), sorted(re.findall(r'- alert: (\w+)', (TOP / RULES).read_text())))
        pages = [one['annotations']['runbook_url'] for group in rule['spec']['groups'] for one in group['rules'] if 'alert' in one]
        self.assertEqual(pages, [f'deploy/runbook/{alert}.md' for alert in alerts])
        dashboards = next(one['data'] for one in objects(ha)['ConfigMap'] if one['metadata']['name'].endswith('-dashboards'))
        self.assertEqual({name: json.loads(text) for name, text in dashboards.items()},
                         {path.name: json.loads(path.read_text()) for path in (TOP / 'deploy/grafana').glob('*.json')})

    def test_objects_are_what_the_oldest_and_the_newest_kubernetes_know(self):
        for scenario in SCENARIOS:
            for kind, made in objects(scenario).items():
                for one in made:
                    for version in KUBERNETES if kind not in OPERATORS else ():
                        with self.subTest(scenario=scenario.name, kind=kind, version=version):
                            kubernetes_validate.validate(one, version, strict=True)

    def test_kinds_of_operators_are_what_their_sources_know(self):
        found = [one for scenario in SCENARIOS for kind, made in objects(scenario).items() if kind in OPERATORS
                 for one in made]
        self.assertEqual({one['kind'] for one in found}, set(OPERATORS), 'a scenario for each kind')
        self.assertEqual(compile_typescript(found), '')
        wrong = copy.deepcopy(found[0])
        wrong['spec']['misspelt'] = 1
        self.assertIn('misspelt', compile_typescript([wrong]))

    def test_a_cluster_with_nothing_but_kubernetes_is_enough(self):
        self.assertLessEqual(set(objects(NO_CRDS)), {'ConfigMap', 'Service', 'Deployment', 'PodDisruptionBudget', 'Pod'})

    def test_pods_keep_to_the_restricted_standard(self):
        for scenario in SCENARIOS:
            for name, pod in pods(objects(scenario)):
                self.assertIs(pod['automountServiceAccountToken'], False, name)
                self.assertIs(pod['enableServiceLinks'], False, name)
                self.assertIs(pod['securityContext']['runAsNonRoot'], True, name)
                self.assertEqual(pod['securityContext']['seccompProfile'], {'type': 'RuntimeDefault'}, name)
                self.assertNotIn('hostNetwork', pod)
                for container in pod['containers']:
                    self.assertEqual(container['securityContext'], {
                        'allowPrivilegeEscalation': False, 'readOnlyRootFilesystem': True,
                        'capabilities': {'drop': ['ALL']}}, name)
                    self.assertIn('memory', container['resources']['limits'])
                    self.assertIn({'name': 'tmp', 'mountPath': '/tmp'}, container['volumeMounts'])

    def test_probes_ask_the_operations_port_and_life_asks_for_nothing_else(self):
        for scenario in SCENARIOS:
            for deployment in objects(scenario)['Deployment']:
                container = deployment['spec']['template']['spec']['containers'][0]
                asked = {probe: container[probe]['httpGet'] for probe in ('startupProbe', 'livenessProbe', 'readinessProbe')}
                self.assertEqual({key: get['path'] for key, get in asked.items()},
                                 {'startupProbe': '/livez', 'livenessProbe': '/livez', 'readinessProbe': '/readyz'})
                self.assertEqual({get['port'] for get in asked.values()}, {'ops'})

    def test_every_selector_finds_the_pods_of_its_service_alone(self):
        for scenario in SCENARIOS:
            made = objects(scenario)
            for deployment in made['Deployment']:
                labels = deployment['spec']['template']['metadata']['labels']
                self.assertLessEqual(deployment['spec']['selector']['matchLabels'].items(), labels.items())
                component = labels['app.kubernetes.io/component']
                for service in made['Service']:
                    chosen = service['spec']['selector'].items() <= labels.items()
                    self.assertEqual(chosen, service['metadata']['labels']['app.kubernetes.io/component'] == component)

    def test_a_changed_setting_rolls_the_pods_of_that_service_alone(self):
        def marks(*more):
            made = template('helm3', '-f', CHART / 'ci/postgres-values.yaml', *more)
            return {one['metadata']['name']: one['spec']['template']['metadata']['annotations']['polku/config']
                    for one in yaml.safe_load_all(made.stdout) if one and one['kind'] == 'Deployment'}
        before, after = marks(), marks('--set', r'services.referral.settings.log\.level=debug')
        self.assertEqual([name for name in before if before[name] != after[name]], ['region-polku-referral'])

    def test_names_fit_whatever_the_release_is_called(self):
        for kind, made in objects(CHART / 'ci/postgres-values.yaml', name='r' * 53).items():
            for one in made:
                self.assertLessEqual(len(one['metadata']['name']), 63, kind)

    def test_what_is_made_for_good_is_not_deleted_with_the_release(self):
        claims = objects(CHART / 'ci/single-values.yaml')['PersistentVolumeClaim']
        self.assertEqual(len(claims), 2)
        for claim in claims:
            self.assertEqual(claim['metadata']['annotations']['helm.sh/resource-policy'], 'keep')

    def test_topics_are_those_of_the_file_that_is_applied_by_hand(self):
        made = objects(CHART / 'ci/postgres-values.yaml')['ConfigMap']
        text = next(one['data']['topics.yaml'] for one in made if 'topics.yaml' in one['data'])
        self.assertEqual(yaml.safe_load(text), yaml.safe_load((TOP / 'deploy/topics.yaml').read_text()))

    def test_programs_take_the_settings_of_every_scenario(self):
        for scenario in SCENARIOS:
            for one in objects(scenario)['ConfigMap']:
                if 'polku.yaml' in one['data']:
                    self.check_settings(one['metadata']['labels']['app.kubernetes.io/component'], one['data']['polku.yaml'])

    def check_settings(self, service, text):
        with tempfile.TemporaryDirectory() as etc:
            make_etc(pathlib.Path(etc))
            config = pathlib.Path(etc, 'polku.yaml')
            config.write_text(text.replace('/etc/polku', etc).replace('/usr/share/polku', str(TOP / 'deploy')))
            checked = run(BIN / f'polku-{service}', f'--config={config}', '--check-config')
            self.assertEqual(checked.returncode, 0, f'{service}\n{text}\n{checked.stderr}')


class Choices(unittest.TestCase):
    """What a value changes, and what it leaves alone."""

    def made(self, kind, **values):
        """Objects of that kind by name, from the scenario with PostgreSQL and these values over it."""
        base = yaml.safe_load((CHART / 'ci/postgres-values.yaml').read_text())
        merge(base, values)
        by_kind = objects_of(base)
        return {one['metadata']['name'].removeprefix('region-polku-'): one for one in by_kind.get(kind, [])}

    def test_the_all_in_one_program_is_alone_with_its_files(self):
        made = self.made('Deployment', mode='all-in-one', defaults={'replicas': 3})
        self.assertEqual(set(made), {'all-in-one'})
        spec = made['all-in-one']['spec']
        self.assertEqual((spec['strategy']['type'], spec['replicas']), ('Recreate', 1))
        self.assertEqual(self.made('Job', mode='all-in-one'), {})

    def test_a_service_says_otherwise_than_the_defaults_and_the_others_do_not(self):
        made = self.made('Deployment', defaults={'replicas': 2}, services={'follow-up': {'replicas': 5}})
        self.assertEqual({name: one['spec']['replicas'] for name, one in made.items()},
                         {'referral': 2, 'assessment': 2, 'coordinator-network': 2, 'follow-up': 5})

    def test_more_than_one_replica_is_guarded_against_evictions_and_a_single_one_does_not_hold_its_node(self):
        made = self.made('PodDisruptionBudget', defaults={'replicas': 2}, services={'referral': {'replicas': 1}})
        self.assertEqual(set(made), SERVICES - {'referral'})

    def test_keda_scales_by_the_group_that_the_service_reads_as_and_the_deployment_leaves_replicas_to_it(self):
        scaled = {'follow-up': {'keda': {'enabled': True}}}
        made = self.made('ScaledObject', services=scaled)
        self.assertEqual(set(made), {'follow-up'})
        self.assertEqual(made['follow-up']['spec']['triggers'][0]['metadata']['consumerGroup'], 'polku-follow-up')
        self.assertGreaterEqual(made['follow-up']['spec']['minReplicaCount'], 1)
        replicas = {name for name, one in self.made('Deployment', services=scaled).items() if 'replicas' in one['spec']}
        self.assertEqual(replicas, SERVICES - {'follow-up'})

    def test_tables_and_topics_are_made_before_pods_and_topics_first(self):
        made = self.made('Job')
        self.assertEqual(set(made), {'topics', *(f'{name}-migrate' for name in SERVICES)})
        weights = {name: int(one['metadata']['annotations']['helm.sh/hook-weight']) for name, one in made.items()}
        self.assertEqual(min(weights, key=weights.get), 'topics')
        for one in made.values():
            self.assertEqual(one['metadata']['annotations']['helm.sh/hook'], 'pre-install,pre-upgrade')
        migrate = made['referral-migrate']['spec']['template']['spec']
        self.assertEqual(migrate['containers'][0]['args'][0], 'migrate')
        self.assertIn('polku-keys', [volume.get('persistentVolumeClaim', {}).get('claimName') for volume in migrate['volumes']])
        self.assertEqual(set(self.made('Job', store={'kind': 'sqlite'})), {'topics'})

    def test_each_service_is_somebody_of_its_own_to_kafka(self):
        kafka = {'propertiesSecret': 'polku-{service}-kafka'}
        for kind, names in (('Deployment', SERVICES), ('Job', {'topics'})):
            made = self.made(kind, kafka=kafka)
            for name in names:
                secrets = [volume['secret']['secretName'] for volume in made[name]['spec']['template']['spec']['volumes']
                           if volume['name'] == 'kafka-properties']
                self.assertEqual(secrets, [f'polku-{name}-kafka'])

    def test_the_network_is_closed_and_what_is_named_is_opened(self):
        made = self.made('NetworkPolicy', networkPolicy={'callers': [{'ipBlock': {'cidr': '192.0.2.0/24'}}]})
        denied = made['deny']['spec']
        self.assertEqual((denied['policyTypes'], 'ingress' in denied, 'egress' in denied), (['Ingress', 'Egress'], False, False))
        grpc, ops = made['ingress']['spec']['ingress']
        self.assertIn({'ipBlock': {'cidr': '192.0.2.0/24'}}, grpc['from'])
        self.assertEqual(ops['ports'], [{'port': 'ops', 'protocol': 'TCP'}])
        self.assertEqual(len(made['egress']['spec']['egress']), 4)  # The services, DNS, Kafka, PostgreSQL.
        alone = self.made('NetworkPolicy', mode='all-in-one', networkPolicy={'monitoring': []})
        self.assertEqual(len(alone['egress']['spec']['egress']), 2)
        self.assertEqual(len(alone['ingress']['spec']['ingress']), 1)

    def test_the_operations_port_is_not_behind_the_address_that_callers_reach(self):
        made = self.made('Service', metrics={'monitor': {'kind': 'ServiceMonitor'}},
                         services={'referral': {'service': {'type': 'LoadBalancer'}}})
        self.assertEqual([port['name'] for port in made['referral']['spec']['ports']], ['grpc'])
        self.assertEqual([port['name'] for port in made['referral-ops']['spec']['ports']], ['ops'])
        self.assertEqual(made['referral-ops']['spec']['clusterIP'], 'None')

    def test_the_alert_rules_find_the_job_that_they_name(self):
        for kind, named in (('ServiceMonitor', 'Service'), ('PodMonitor', 'Deployment')):
            monitor, = self.made(kind, metrics={'monitor': {'kind': kind}}).values()
            label = monitor['spec']['jobLabel']
            for one in self.made(named, metrics={'monitor': {'kind': kind}}).values():
                labels = one['metadata'] if named == 'Service' else one['spec']['template']['metadata']
                self.assertEqual(labels['labels'][label], 'polku')

    def test_alerts_lead_to_the_pages_where_a_region_reads_them(self):
        for url in ('https://git.region.example/runbook', 'https://git.region.example/runbook/'):
            rule, = self.made('PrometheusRule', metrics={'rules': {'enabled': True, 'runbookUrl': url}}).values()
            pages = {one['annotations']['runbook_url'] for group in rule['spec']['groups'] for one in group['rules']
                     if 'alert' in one}
            self.assertIn('https://git.region.example/runbook/PolkuDown.md', pages)
            self.assertTrue(all(page.startswith('https://git.region.example/runbook/Polku') for page in pages))

    def test_objects_of_others_are_written_with_what_the_release_knows(self):
        made = self.made('ConfigMap', extraObjects=[{'apiVersion': 'v1', 'kind': 'ConfigMap',
                                                     'metadata': {'name': '{{ .Release.Name }}-more'}}])
        self.assertIn('region-more', made)


class Refusals(unittest.TestCase):
    """What a person may get wrong is refused before anything is made."""

    base = {'access': {'tokenIssuer': 'https://login.example.fi', 'tokenAudience': 'polku'},
            'kafka': {'servers': 'kafka:9092'}, 'store': {'postgres': 'host=postgres'},
            'defaults': {'data': {'existingClaim': 'keys'}, 'erasures': {'existingClaim': 'erasures'}}}

    def refusal(self, values):
        made = copy.deepcopy(self.base)
        merge(made, values)
        done = of_values(made)
        return done.stderr if done.returncode else ''

    def test_the_base_is_taken(self):
        self.assertEqual(self.refusal({}), '')

    def test_a_misspelt_key_anywhere_is_refused(self):
        schema = json.loads((CHART / 'values.schema.json').read_text())
        values = yaml.safe_load((CHART / 'values.yaml').read_text())
        merge(values, self.base)
        validator = jsonschema.Draft7Validator(schema)
        self.assertEqual([error.message for error in validator.iter_errors(values)], [])
        paths = list(walk(values))
        for path in paths:
            wrong = copy.deepcopy(values)
            merge(wrong, with_key(path, 'misspelt', 1))
            self.assertTrue(list(validator.iter_errors(wrong)), '.'.join(path))
        self.assertGreater(len(paths), 30)
        self.assertIn('misspelt', self.refusal(with_key(('defaults', 'drain'), 'misspelt', 1)))

    def test_wrong_values_of_every_section_are_refused(self):
        for values, told in REFUSED:
            with self.subTest(values):
                self.assertIn(told, self.refusal(values))

    def test_a_value_that_other_charts_have_at_the_top_is_told_its_place(self):
        self.assertIn('replicaCount: it is defaults.replicas', self.refusal({'replicaCount': 3}))


REFUSED = [  # Values over the base, and what the refusal names.
    ({'mode': 'everything'}, 'mode'),
    ({'image': {'pullPolicy': 'Sometimes'}}, 'pullPolicy'),
    ({'access': {'mode': 'none'}}, 'mode'),
    ({'access': {'mode': 'development'}}, 'mode'),  # Four services are not on one loopback.
    ({'access': {'tokenAudience': ''}}, 'tokenAudience'),
    ({'settings': {'Log.Level': 'info'}}, 'Log.Level'),
    ({'settings': {'log.level': ['info']}}, 'log.level'),
    ({'settings': {'grpc.listen': '0.0.0.0:1'}}, 'grpc.listen is said by the chart'),
    ({'providers': ['Not An Id']}, 'providers'),
    ({'definitions': {'rules': {}}}, 'rules'),
    ({'kafka': {'servers': ''}}, 'servers'),
    ({'store': {'postgres': ''}}, 'postgres'),
    ({'store': {'postgres': 'host=h password=secret'}}, 'postgres'),
    ({'store': {'kind': 'mysql'}}, 'kind'),
    ({'migrate': {'enabled': 'yes'}}, 'enabled'),
    ({'topics': {'partitions': 0}}, 'partitions'),
    ({'defaults': {'replicas': 0}}, 'replicas'),
    ({'defaults': {'data': {'existingClaim': ''}}}, 'data.existingClaim'),
    ({'defaults': {'drain': {'gracePeriodSeconds': 10}}}, 'gracePeriodSeconds'),
    ({'services': {'referral': {'drain': {'preStopSeconds': 60}}}}, 'drain'),
    ({'defaults': {'keda': {'enabled': True, 'minReplicaCount': 0}}}, 'minReplicaCount'),
    ({'services': {'follow-up': {'keda': {'enabled': True, 'minReplicaCount': 9}}}}, 'maxReplicaCount'),
    ({'store': {'kind': 'sqlite'}, 'defaults': {'keda': {'enabled': True}}}, 'SQLite has one replica'),
    ({'services': {'billing': {}}}, 'billing'),
    ({'serviceAccount': {'create': 'no'}}, 'create'),
    ({'podSecurity': {'runAsUser': 0}}, 'runAsUser'),
    ({'networkPolicy': {'callers': [{}]}}, 'callers'),
    ({'networkPolicy': {'kafka': {'ports': []}}}, 'ports'),
    ({'metrics': {'monitor': {'kind': 'both'}}}, 'kind'),
    ({'metrics': {'rules': {'runbookUrl': 'runbook'}}}, 'runbookUrl'),
    ({'test': {'tlsSecret': ''}}, 'tlsSecret'),
    ({'extraObjects': [{'data': {}}]}, 'extraObjects'),
]


@functools.cache
def trial():
    """Certificates, made once."""
    folder = tempfile.TemporaryDirectory()
    make_certificates(folder.name)
    return folder


def make_etc(etc):
    """What Secrets and ConfigMaps of a region hold, as pods see it in /etc/polku."""
    made = pathlib.Path(trial().name)
    for mount, names in {'tls': {'tls.crt': 'referral.pem', 'tls.key': 'referral.key', 'ca.crt': 'ca.pem'},
                         'access': {'organisations.yaml': 'organisations.yaml', 'jwks.json': 'jwks.json'}}.items():
        (etc / mount).mkdir()
        for name, source in names.items():
            (etc / mount / name).symlink_to(made / source)
    for kind in ('pathways', 'rules', 'instruments'):
        (etc / kind).symlink_to(TOP / 'deploy' / kind)
    (etc / 'kafka-properties').mkdir()
    (etc / 'kafka-properties/properties').write_text('security.protocol=SASL_SSL\n')


def merge(values, more):
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merge(values[key], value)
        else:
            values[key] = value


def compile_typescript(found):
    """What the compiler says of the objects as literals of their types: a key that no type has is an error."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        (folder / 'node_modules').symlink_to(TOOLS / 'node_modules')
        lines = [f'import {{ {kind} }} from "@kubernetes-models/{place}/{kind}";' for kind, place in OPERATORS.items()]
        lines += [f'new {one["kind"]}({json.dumps({k: v for k, v in one.items() if k not in ("kind", "apiVersion")})});'
                  for one in found]
        (folder / 'objects.mts').write_text('\n'.join(lines))
        return run('node', 'node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022',
                   '--module', 'nodenext', 'objects.mts', cwd=folder).stdout
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    run_with_tools()
    import jsonschema
    import kubernetes_validate
    import yaml
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main()
