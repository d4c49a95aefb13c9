#!/usr/bin/env python3
"""What deploy/ says about watching hangs together: rules, their tests, runbook pages, dashboard.

    tests/alerts/alerts_test.py ROOT POLKUCTL

That every metric they name exists is tests/system/metrics_test.cc's to check, which has running services.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

FOR_MIN_MINUTES = 5
MINUTES = {'m': 1, 'h': 60, 'd': 24 * 60}


def promtool(*words, cwd):
    run = subprocess.run(['promtool', *words], cwd=cwd, capture_output=True, text=True)
    if run.returncode != 0:
        yield f'promtool {" ".join(words)}:\n{run.stdout}{run.stderr}'


def rule_findings(rules, tests, pages):
    tested = {}
    for test in tests:
        for look in test['alert_rule_test']:
            tested.setdefault(look['alertname'], set()).add(bool(look['exp_alerts']))
    for rule in rules:
        name = rule['alert']
        if not name.startswith('Polku'):
            yield f'{name}: alerts of this product are named Polku...'
        held = re.fullmatch(r'(\d+)([mhd])', rule.get('for', '0m'))
        if int(held[1]) * MINUTES[held[2]] < FOR_MIN_MINUTES:
            yield f'{name}: calls somebody before {FOR_MIN_MINUTES} minutes have passed'
        if rule['labels'].get('severity') not in ('critical', 'warning'):
            yield f'{name}: severity is critical or warning'
        notes = rule['annotations']
        if not notes.get('summary') or not notes.get('description'):
            yield f'{name}: has no summary or description'
        if notes.get('runbook_url') != f'deploy/runbook/{name}.md' or name not in pages:
            yield f'{name}: has no page deploy/runbook/{name}.md, or does not lead to it'
        if tested.get(name) != {True, False}:
            yield f'{name}: no test that it fires, or none that it stays quiet'
    for page in pages - {rule['alert'] for rule in rules}:
        yield f'deploy/runbook/{page}.md: no such alert'


def page_findings(root, pages, polkuctl):
    """A person at night has no time for a page that names what is not there."""
    commands = set()
    for page in pages:
        path = root / f'deploy/runbook/{page}.md'
        text = path.read_text()
        if 'What to do:\n\n1. ' not in text or 'It is over when: ' not in text:
            yield f'{path}: says not what to do, or not when it is over'
        for link in re.findall(r'\]\(([^)#]+)', text):
            if not (path.parent / link).exists():
                yield f'{path}: leads to {link}, which is not there'
        for line in re.findall(r'`polkuctl ([^`]+)`', text.replace('\n', ' ')):
            words = re.sub(r'--[a-z]+ +\S+ *', '', re.sub(r' +', ' ', line)).split()
            commands.add(' '.join(word for word in words if re.fullmatch(r'[a-z-]+', word)))
    for command in sorted(commands):
        run = subprocess.run([polkuctl, *command.split(), '--help'], capture_output=True, text=True)
        if run.returncode != 0 or f'polkuctl {command}' not in run.stdout:
            yield f'deploy/runbook: polkuctl {command}: there is no such command'


def dashboard_findings(dashboard):
    panels = [panel for panel in dashboard['panels'] if panel['type'] != 'row']
    if len({panel['id'] for panel in dashboard['panels']}) != len(dashboard['panels']):
        yield 'deploy/grafana/polku.json: two panels have one id'
    groups = {'groups': [{'name': 'dashboard', 'rules': []}]}
    for panel in panels:
        if not panel['title'] or not panel['description'] or not panel['targets']:
            yield f'deploy/grafana/polku.json: panel {panel["id"]} has no title, description or query'
        for target in panel['targets']:
            query = target['expr'].replace('$__rate_interval', '5m').replace('$service', '.*')
            record = f'dashboard:panel_{panel["id"]}_{target["refId"].lower()}'
            groups['groups'][0]['rules'].append({'record': record, 'expr': query})
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / 'dashboard.yaml').write_text(yaml.safe_dump(groups))
        yield from promtool('check', 'rules', 'dashboard.yaml', cwd=folder)


def findings(root, polkuctl):
    prometheus = root / 'deploy/prometheus'
    yield from promtool('check', 'rules', 'polku.rules.yaml', cwd=prometheus)
    yield from promtool('test', 'rules', 'polku.rules_test.yaml', cwd=prometheus)
    groups = yaml.safe_load((prometheus / 'polku.rules.yaml').read_text())['groups']
    rules = [rule for group in groups for rule in group['rules']]
    tests = yaml.safe_load((prometheus / 'polku.rules_test.yaml').read_text())['tests']
    pages = {path.stem for path in (root / 'deploy/runbook').glob('Polku*.md')}
    yield from rule_findings(rules, tests, pages)
    yield from page_findings(root, pages, polkuctl)
    yield from dashboard_findings(json.loads((root / 'deploy/grafana/polku.json').read_text()))


def main():
    found = list(findings(pathlib.Path(sys.argv[1]), sys.argv[2]))
    print('\n'.join(found) or 'alerts: nothing to mend')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
