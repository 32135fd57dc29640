-- What the document told of a component beyond its own names: which release of which distribution, how the source
-- package was learned, which package owns its files. JSON, or empty; part of what tells components apart.
ALTER TABLE component ADD COLUMN lookup TEXT NOT NULL DEFAULT '';
