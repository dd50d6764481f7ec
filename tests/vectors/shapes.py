"""Edits a file of sops 3.11.0 into the shapes that other releases, and people, give the metadata."""

import json
import re
import sys

source, folder = sys.argv[1:]
text = open(source).read()
body, metadata = text.split("sops:\n")
field = dict(re.findall(r"^    (\w+): (.*)$", metadata, re.M))
armor = re.search(r"(            -----BEGIN.*?-----END AGE ENCRYPTED FILE-----\n)", metadata, re.S).group(1)
recipient = re.search(r"recipient: (\S+)", metadata).group(1)
mac = field["mac"]
modified = field["lastmodified"].strip("\"'")


def write(name, new_metadata, new_body=body):
    with open(f"{folder}/{name}.enc.yaml", "w", newline="") as file:
        file.write(new_body + new_metadata)


def age(indent="        "):
    inner = "".join(indent + line.strip() + "\n" for line in armor.splitlines())
    return f"    -   recipient: {recipient}\n        enc: |\n" + "".join(
        "    " + line + "\n" for line in inner.splitlines()
    )


# 3.0 to 3.10: empty lists, `age` after `hc_vault`, `lastmodified` in single quotes
write(
    "empty-lists-3.7",
    f"sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    age:\n{age()}"
    f"    lastmodified: '{modified}'\n    mac: {mac}\n    pgp: []\n    unencrypted_suffix: _unencrypted\n    version: 3.7.1\n",
)
# 3.0 had neither `hc_vault` nor `azure_kv`, and two spaces of indentation were usual
write(
    "two-spaces-3.0",
    f"sops:\n  kms: []\n  gcp_kms: []\n  lastmodified: '{modified}'\n  mac: {mac}\n  pgp: []\n"
    f"  unencrypted_suffix: _unencrypted\n  version: 3.0.0\n  age:\n  - enc: |\n"
    + "".join("      " + line.strip() + "\n" for line in armor.splitlines())
    + f"    recipient: {recipient}\n",
)
# no selection field at all: the default suffix is meant
write(
    "no-selection",
    f"sops:\n    age:\n{age()}    lastmodified: \"{modified}\"\n    mac: {mac}\n    version: 3.9.4\n",
)
# times that mean the same: fraction of a second, offset instead of Z
write(
    "fraction-of-second",
    f"sops:\n    age:\n{age()}    lastmodified: \"{modified[:-1]}.5Z\"\n    mac: {mac}\n    version: 3.9.4\n",
)
write(
    "zero-offset",
    f"sops:\n    age:\n{age()}    lastmodified: \"{modified[:-1]}+00:00\"\n    mac: {mac}\n    version: 3.9.4\n",
)
# fields that nobody knows, comments, a null list
enc = "".join(line.strip() + "\n" for line in armor.splitlines())
write(
    "unknown-fields",
    f"sops:\n    # who may open it\n    x_future: {{a: [1, 2]}}\n    pgp: null\n    age:\n      - recipient: {recipient}\n"
    f"        enc: {json.dumps(enc)} # one line\n        note: x\n    lastmodified: \"{modified}\"\n    mac: {mac}\n    version: 3.9.4\n",
)
# one group written as a list of groups
groups = "".join("    " + line + "\n" for line in age().splitlines())
write(
    "one-key-group",
    f"sops:\n    key_groups:\n    -   hc_vault: []\n        age:\n{groups}"
    f"    shamir_threshold: 1\n    lastmodified: \"{modified}\"\n    mac: {mac}\n    version: 3.9.4\n",
)
# metadata first, and in flow style
write("metadata-first", body, f"sops:\n    age:\n{age()}    lastmodified: \"{modified}\"\n    mac: {mac}\n    version: 3.9.4\n")
flow = json.dumps(
    {
        "age": [{"recipient": recipient, "enc": enc}],
        "lastmodified": modified,
        "mac": mac,
        "unencrypted_suffix": "_unencrypted",
        "version": "3.9.4",
    }
)
write("flow-metadata", f"sops: {flow}\n")
# CRLF throughout
write("crlf", ("sops:\n" + metadata).replace("\n", "\r\n"), body.replace("\n", "\r\n"))
# text after the ciphertext, and a quoted ciphertext
edited = re.sub(r"(^password: ENC\[.*\])$", r"\1 trailing", body, flags=re.M)
edited = re.sub(r"(^host: )(ENC\[.*\])$", r'\1"\2"', edited, flags=re.M)
write("odd-values", "sops:\n" + metadata, edited)
# names in other cases, one object instead of a list, text instead of a number: 3.13 only
write(
    "weak-typing-3.13",
    f"sops:\n    age:\n        recipient: {recipient}\n        enc: {json.dumps(enc)}\n    shamir_threshold: \"0\"\n"
    f"    mac_only_encrypted: \"false\"\n    lastmodified: \"{modified}\"\n    mac: {mac}\n    version: 3.13.0\n",
)
write(
    "other-cases-3.13",
    f"sops:\n    Age:\n{age()}    LastModified: \"{modified}\"\n    MAC: {mac}\n    Version: 3.13.0\n",
)
