"""Compares commands of the AWS command line with botocore's service models.

Standard input: JSON, a list of commands as lists of words, `aws` first. Standard output: JSON, a list of what is wrong.
`aws s3 …` and `aws logs tail` are the command line's own and have no model.
"""

import json
import sys

import botocore.session
from botocore import xform_name

GLOBAL = {"query", "output", "region", "profile", "cli-binary-format", "cli-read-timeout", "quiet", "max-items"}
SESSION = botocore.session.get_session()


def dashed(name):
    return xform_name(name).replace("_", "-")


def faults(words):
    service, operation = words[1], words[2]
    if service == "s3" or (service, operation) == ("logs", "tail"):
        return []
    model = SESSION.get_service_model({"s3api": "s3"}.get(service, service))
    if operation == "wait":
        client = SESSION.create_client(
            service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        names = [name.replace("_", "-") for name in client.waiter_names]
        return [] if words[3] in names else [f"{service} waits for no {words[3]}"]
    operations = {dashed(name): name for name in model.operation_names}
    if operation not in operations:
        return [f"{service} has no {operation}"]
    shape = model.operation_model(operations[operation]).input_shape
    members = {dashed(name): member for name, member in shape.members.items()} if shape else {}
    required = {dashed(name) for name in shape.required_members} if shape else set()
    found, given = [], set()
    for at, word in enumerate(words):
        if not word.startswith("--"):
            continue
        name = word[2:]
        bare = name[3:] if name.startswith("no-") else name
        if name in members or (bare in members and members[bare].type_name == "boolean"):
            given.add(name if name in members else bare)
            found += values(members.get(name), words[at + 1 : at + 2], name)
        elif name not in GLOBAL:
            found.append(f"{service} {operation} has no --{name}")
    found += [f"{service} {operation} lacks --{name}" for name in sorted(required - given)]
    return found


def values(member, after, name):
    if member is None or not after:
        return []
    if getattr(member, "enum", None) and after[0] not in member.enum:
        return [f"--{name} is none of {', '.join(member.enum)}"]
    if member.type_name == "structure":
        keys = [part.split("=")[0] for part in after[0].split(",")]
        return [f"--{name} has no {key}" for key in keys if key not in member.members]
    return []


json.dump([f"{' '.join(words[:3])}: {fault}" for words in json.load(sys.stdin) for fault in faults(words)], sys.stdout)
