#!/usr/bin/env python3
"""An agency's client: sends a referral over mutual TLS and watches it until it is closed.

    referral_client.py --server HOST:7443 --ca ca.pem --certificate desk.pem --key desk.key --receiving-unit organisations/O

Needs grpcio, grpcio-tools and googleapis-common-protos, and the folder proto/ of this repository. Prints the name of the
referral, then a line a change; ends with 0 when the referral has come to its end.
"""
import argparse
import pathlib
import sys
import tempfile
import uuid

import grpc
import grpc_tools
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / 'proto'
ENDS = ('REFERRAL_STATE_CLOSED', 'REFERRAL_STATE_DECLINED', 'REFERRAL_STATE_WITHDRAWN', 'REFERRAL_STATE_VOIDED')


def generate_stubs(folder):
    """Python modules of our .proto files; google/rpc and google/type come as modules of a package."""
    import google.rpc  # googleapis-common-protos has the .proto files beside the modules.
    google = pathlib.Path(next(iter(google.rpc.__path__))).parents[1]
    files = [str(file) for file in PROTO.glob('polku/*/v1/*.proto')]
    well_known = pathlib.Path(grpc_tools.__file__).parent / '_proto'
    done = protoc.main(['protoc', f'-I{PROTO}', f'-I{google}', f'-I{well_known}', f'--python_out={folder}',
                        f'--grpc_python_out={folder}', *files])
    if done != 0:
        raise SystemExit('the stubs could not be generated')
    sys.path.insert(0, folder)


def connect(options):
    ca, key, certificate = (pathlib.Path(path).read_bytes() for path in (options.ca, options.key, options.certificate))
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    # Every write has a request_id, so that gRPC itself may repeat a call that came to nothing.
    config = (PROTO / 'service_config.json').read_text()
    return grpc.secure_channel(options.server, credentials, [('grpc.service_config', config)])


def submit(stub, api, types, receiving_unit):
    request = api.SubmitReferralRequest(request_id=str(uuid.uuid4()))
    referral = request.referral
    referral.receiving_unit = receiving_unit
    referral.segment = types.SEGMENT_UNEMPLOYED
    referral.needs.append('work-ability')
    referral.reason = 'has been without work for two years, back pain'
    referral.person.family_name = 'Esimerkki'
    referral.person.given_names = 'Eeva'
    referral.person.birth_date.year, referral.person.birth_date.month, referral.person.birth_date.day = 1990, 1, 1
    referral.person.municipality = '205'
    referral.person.language = 'fi'
    return stub.SubmitReferral(request)


def watch(stub, api, name):
    """Prints the states of the referral. A stream ends now and then; the next one goes on where it ended."""
    token, told = '', None
    while told not in ENDS:
        try:
            for change in stub.WatchReferrals(api.WatchReferralsRequest(resume_token=token)):
                token = change.resume_token
                state = api.ReferralState.Name(change.referral.state)
                if change.referral.name != name or state == told:
                    continue
                told = state
                print(told, flush=True)
                if told in ENDS:
                    return
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ('--server', '--ca', '--certificate', '--key', '--receiving-unit'):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate_stubs(folder)
        from polku.common.v1 import types_pb2 as types
        from polku.referral.v1 import api_pb2 as api, api_pb2_grpc as services
        with connect(options) as channel:
            stub = services.ReferralServiceStub(channel)
            name = submit(stub, api, types, options.receiving_unit).name
            print(name, flush=True)
            watch(stub, api, name)


if __name__ == '__main__':
    main()
