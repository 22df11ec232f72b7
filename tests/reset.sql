-- Empties the tables a test wrote to. test_remember() runs once, after the migrations.
CREATE SCHEMA test;
CREATE TABLE test.sequences (name regclass, value bigint, called boolean);
CREATE TABLE test.facts (relations bigint, seeds text, seeded regclass[]);

CREATE FUNCTION test_tables() RETURNS SETOF regclass LANGUAGE sql STABLE AS $$
  SELECT oid::regclass FROM pg_class
  WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY oid
$$;

-- Tables that migrations fill (permissions, content types, defaults) are compared, not emptied.
CREATE FUNCTION test_seeds(seeded regclass[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  tab regclass;
  one text;
  result text := '';
BEGIN
  FOREACH tab IN ARRAY seeded LOOP
    EXECUTE format('SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '''')) FROM %s t', tab) INTO one;
    result := result || one;
  END LOOP;
  RETURN md5(result);
END $$;

CREATE FUNCTION test_relations() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM pg_class WHERE relnamespace NOT IN ('pg_toast'::regnamespace)
            AND relpersistence <> 't')
       + (SELECT count(*) FROM pg_proc) * 1000000
$$;

CREATE FUNCTION test_remember() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  tab regclass;
  has_rows boolean;
  seeded regclass[] := '{}';
  seq record;
BEGIN
  FOR tab IN SELECT test_tables() LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', tab) INTO has_rows;
    IF has_rows THEN seeded := seeded || tab; END IF;
  END LOOP;
  FOR seq IN SELECT seqrelid::regclass AS name FROM pg_sequence LOOP
    EXECUTE format('INSERT INTO test.sequences SELECT %L::regclass, last_value, is_called FROM %s', seq.name, seq.name);
  END LOOP;
  INSERT INTO test.facts VALUES (test_relations(), test_seeds(seeded), seeded);
END $$;

-- False where only a fresh clone will do: the test made or dropped something, or changed what migrations wrote.
CREATE FUNCTION test_reset() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  known test.facts;
  tab regclass;
  has_rows boolean;
BEGIN
  SELECT * INTO known FROM test.facts;
  IF known.relations <> test_relations() OR known.seeds <> test_seeds(known.seeded) THEN RETURN false; END IF;
  SET LOCAL session_replication_role = replica;  -- every child row goes too, in whatever order
  FOR tab IN SELECT t FROM test_tables() AS t WHERE NOT t = ANY (known.seeded) LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', tab) INTO has_rows;
    IF has_rows AND pg_relation_size(tab) > 1000000 THEN
      EXECUTE format('TRUNCATE %s CASCADE', tab);
    ELSIF has_rows THEN
      EXECUTE format('DELETE FROM %s', tab);
    END IF;
  END LOOP;
  PERFORM setval(name, value, called) FROM test.sequences;
  RETURN true;
END $$;
