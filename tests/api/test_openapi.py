import re

import jsonschema

from case import Case

# OpenAPI 3.1.0, the parts that we use, as a schema; the published one is not at hand without a network.
RULES = {
    "type": "object", "required": ["openapi", "info", "paths", "components"], "additionalProperties": False,
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"type": "object", "required": ["title", "version"], "additionalProperties": False,
                 "properties": {k: {} for k in ("title", "version", "summary", "description", "license", "contact")}},
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "paths": {"type": "object", "propertyNames": {"pattern": "^/"}, "minProperties": 20,
                  "additionalProperties": {
                      "type": "object", "minProperties": 1, "propertyNames": {"enum": ["get", "post", "patch", "delete"]},
                      "additionalProperties": {"$ref": "#/$defs/operation"}}},
        "components": {"type": "object", "additionalProperties": False,
                       "properties": {"schemas": {"type": "object"}, "parameters": {"type": "object"},
                                      "responses": {"additionalProperties": {"$ref": "#/$defs/response"}},
                                      "securitySchemes": {"additionalProperties": {"required": ["type"]}}}}},
    "$defs": {
        "operation": {
            "type": "object", "required": ["operationId", "responses", "summary"], "additionalProperties": False,
            "properties": {
                "operationId": {"type": "string", "pattern": "^[a-z_]+\\.[a-z_]+$"}, "summary": {"minLength": 3},
                "x-hinomi-role": {"enum": ["none", "session", "viewer", "operator", "approver", "admin"]},
                "parameters": {"type": "array", "items": {"oneOf": [
                    {"required": ["$ref"]},
                    {"required": ["name", "in", "schema", "description"], "additionalProperties": False,
                     "properties": {"name": {"type": "string"}, "in": {"enum": ["path", "query"]},
                                    "required": {"type": "boolean"}, "description": {"minLength": 1},
                                    "schema": {"type": "object"}}}]}},
                "requestBody": {"type": "object", "required": ["content"]},
                "responses": {"type": "object", "required": ["200", "default"],
                              "additionalProperties": {"oneOf": [{"required": ["$ref"]}, {"$ref": "#/$defs/response"}]}},
                "security": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "array"}}}}},
        "response": {"type": "object", "required": ["description"], "additionalProperties": False,
                     "properties": {"description": {"minLength": 3}, "headers": {},
                                    "content": {"additionalProperties": {"required": ["schema"]}}}}}}


class OpenApi(Case):
    def test_the_document_keeps_the_rules(self):
        jsonschema.Draft202012Validator.check_schema(RULES)
        errors = [f"{list(e.path)}: {e.message[:200]}" for e in jsonschema.Draft202012Validator(RULES).iter_errors(self.api)]
        self.assertEqual(errors, [])

    def test_schemas_are_schemas(self):
        for name, schema in self.api["components"]["schemas"].items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
                self.assertRegex(name, "^[a-z_]+$")

    def test_references_lead_somewhere_and_nothing_lies_about_unused(self):
        used = set()

        def walk(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    self.assertTrue(value["$ref"].startswith("#/"))
                    at = self.api
                    for part in value["$ref"][2:].split("/"):
                        self.assertIn(part, at, value["$ref"])
                        at = at[part]
                    used.add(value["$ref"].rsplit("/", 1)[1])
                for v in value.values():
                    walk(v)
            elif isinstance(value, list):
                for v in value:
                    walk(v)

        walk(self.api)
        local_only = {"run_result", "events"}
        self.assertEqual(set(self.api["components"]["schemas"]) - used - local_only, set())

    def test_operations(self):
        ids = [o["operationId"] for m in self.api["paths"].values() for o in m.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, methods in self.api["paths"].items():
            for method, o in methods.items():
                in_path = {p["name"] for p in o["parameters"] if p.get("in") == "path"}
                self.assertEqual(in_path, set(re.findall(r"{(\w+)}", path)), o["operationId"])
                self.assertTrue(all(p["required"] for p in o["parameters"] if p.get("in") == "path"))
                csrf = {"$ref": "#/components/parameters/csrf"} in o["parameters"]
                self.assertEqual(csrf, method != "get" and o["operationId"] != "session.create", o["operationId"])
                self.assertEqual("requestBody" in o and method in ("get", "delete"), False)

    def test_every_documented_get_exists(self):
        """No path of the document answers 404 for want of a handler."""
        self.world.account("tanaka", ("root", "admin"))
        c = self.world.client("tanaka")
        for path, methods in self.api["paths"].items():
            if "get" in methods and "{" not in path and not path.endswith("/events"):
                asks = any(p.get("required") and p.get("in") == "query" for p in methods["get"]["parameters"])
                self.assertEqual(c.get(path).status, 400 if asks else 200, path)
