"""A test case with a world; answers are validated against the schemas that the program itself publishes."""
import unittest

import jsonschema

from world import Failed, World  # noqa: F401  (tests import them from here)


class Case(unittest.TestCase):
    """One world for all tests of a class."""

    world = None

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.api = cls.world.client().get("openapi.json").json
        cls.fill(cls.world)

    @classmethod
    def fill(cls, world):
        """What the class needs in the store."""

    def valid(self, answer, schema):
        """Answer 200 and of this shape; gives the body."""
        self.assertEqual(answer.status, 200, answer.data[:500])
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        body = answer.json
        self.shape(body, schema)
        return body

    def shape(self, body, schema):
        root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/components/schemas/" + schema,
                "components": self.api["components"]}
        errors = sorted(jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker())
                        .iter_errors(body), key=lambda e: list(map(str, e.path)))
        self.assertEqual([], [f"{list(e.path)}: {e.message[:300]}" for e in errors])

    def refused(self, answer, status, name):
        """An error of the shape that all errors have, in both languages."""
        self.assertEqual((answer.status, answer.json["error"]["name"]), (status, name), answer.data[:300])
        self.shape(answer.json, "error")
        text = answer.json["error"]["message"]
        self.assertTrue(text["en"] and text["ja"] and text["en"] != text["ja"], text)
        self.assertNotIn("{?", text["en"] + text["ja"])
