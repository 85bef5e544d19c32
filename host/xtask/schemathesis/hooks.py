"""Leaves out the requests that would lock the one who asks out."""

import schemathesis

# The super-user of a new server.
OWN_ID = "1"
OWN_ROUTES = "/api/v1/sys/users/{pk}"


@schemathesis.hook
def filter_case(context, case):
    if case.method == "GET" or not case.path.startswith(OWN_ROUTES):
        return True
    return str((case.path_parameters or {}).get("pk")) != OWN_ID
