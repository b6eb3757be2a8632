-- The texts of codes (`:text`) are rows of search_string too: looked up by how they start, never by what they contain.
DROP INDEX search_string_contains;
CREATE INDEX search_string_contains ON search_string USING gin (normalised gin_trgm_ops) WHERE exact <> '';
