"""Judges JSON documents by a JSON Schema, with a validator that is none of ours.

usage: validate.py SCHEMA DOCUMENTS

DOCUMENTS is a JSON list. Prints a JSON list: for each document null, or what the schema has against it.
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("python3-jsonschema is missing: deploy/local/packages.sh test")

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    documents = json.load(file)

jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)


def judge(document):
    fault = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return fault and f"{fault.json_path}: {fault.message}"[:300]


json.dump([judge(document) for document in documents], sys.stdout)
