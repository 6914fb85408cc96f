"""Whether two servers answered the same, but for what time and chance made of it."""
import base64
import json
import re
import urllib.error
import urllib.request

from node import PASSWORD, USER

# Of these only the type is compared.
CHANCE = {"index_uuid", "uuid", "start_time_in_millis", "end_time_in_millis", "duration_in_millis",
          "last_updated_time", "enabled_time", "current_state"}
# Inside a text: a snapshot's name with its date and random end, points in time, and who asked.
VARIABLE = [(re.compile(r"\d{4}-\d\d-\d\d-\d\d:\d\d-[a-z0-9]{8}"), "DATE-RANDOM"),
            (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"), "TIME"),
            (re.compile(r"name=[^,]*, backend_roles=\[[^\]]*\]"), "CALLER")]


def plain(value):
    """A value without what time and chance made of it."""
    if isinstance(value, str):
        for pattern, name in VARIABLE:
            value = pattern.sub(name, value)
    return value


def differences(place, got, wanted, chance):
    """Texts, one for each place where the two are not the same."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        yield from (f"{place}/{name} is missing" for name in sorted(wanted.keys() - got.keys()))
        yield from (f"{place}/{name} is too much" for name in sorted(got.keys() - wanted.keys()))
        for name in sorted(got.keys() & wanted.keys()):
            yield from differences(f"{place}/{name}", got[name], wanted[name],
                                   name in CHANCE or name in ("time", "start_time", "end_time")
                                   and isinstance(wanted[name], int))
    elif isinstance(got, list) and isinstance(wanted, list):
        if len(got) != len(wanted):
            yield f"{place} has {len(got)} items, not {len(wanted)}"
        order = (lambda items: sorted(items)) if all(isinstance(i, str) for i in got + wanted) \
            else (lambda items: items)
        for number, (one, other) in enumerate(zip(order(got), order(wanted))):
            yield from differences(f"{place}/{number}", one, other, False)
    elif type(got) is not type(wanted):
        yield f"{place} is {got!r}, of another type than {wanted!r}"
    elif not chance and plain(got) != plain(wanted):
        yield f"{place} is {got!r}, not {wanted!r}"


def ask(box, host, method, path, body=None):
    """(status, JSON) of the administrator's request to a cluster that the sandbox plays."""
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    message = urllib.request.Request(
        box.url + path, method=method, data=json.dumps(body).encode() if body else None,
        headers={"Host": host, "Authorization": f"Basic {credentials}",
                 "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(message, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
