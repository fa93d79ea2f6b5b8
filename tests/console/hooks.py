"""Half of the requests name a program, an import and an upload that there are: otherwise all of them end with 404."""

import os

import schemathesis

KNOWN = {
    "program": "acme",
    "profile": "prospects",
    "import": os.environ.get("ROLLCALL_IMPORT"),
    "upload": os.environ.get("ROLLCALL_UPLOAD"),
}


def is_chosen(value) -> bool:
    return len(str(value)) % 2 == 0


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name, known in KNOWN.items():
        if path_parameters and name in path_parameters and known and is_chosen(path_parameters[name]):
            path_parameters[name] = known
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "upload_id" in body and is_chosen(body["upload_id"]):
        body["upload_id"] = KNOWN["upload"]
    return body
