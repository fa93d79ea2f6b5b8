"""Half of the requests name a program, an import and an upload that there are: otherwise all of them end with 404."""

import os

import schemathesis

KNOWN = {
    "program": "acme",
    "profile": "prospects",
    "upload": os.environ.get("ROLLCALL_UPLOAD"),
}
# A dry run, and an import.
IMPORTS = os.environ.get("ROLLCALL_IMPORTS", ",").split(",")


def is_chosen(value) -> bool:
    return len(str(value)) % 2 == 0


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name, known in KNOWN.items():
        if path_parameters and name in path_parameters and known and is_chosen(path_parameters[name]):
            path_parameters[name] = known
    if path_parameters and is_chosen(path_parameters.get("import", "-")):
        path_parameters["import"] = IMPORTS[len(str(path_parameters["import"])) // 2 % 2]
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "upload_id" in body and is_chosen(body["upload_id"]):
        body["upload_id"] = KNOWN["upload"]
    return body
