DROP TABLE Track
drop table if exists Track
DELETE FROM Track
DELETE FROM Track WHERE 1 = 1 RETURNING *
UPDATE Track SET UnitPrice = 0
UPDATE Track SET UnitPrice = 0 RETURNING TrackId
INSERT INTO Genre VALUES (99, 'x')
INSERT OR REPLACE INTO Genre VALUES (1, 'x')
REPLACE INTO Genre VALUES (1, 'x')
INSERT INTO Genre SELECT TrackId, Name FROM Track
INSERT INTO Genre DEFAULT VALUES
INSERT INTO Genre VALUES (1, 'x') ON CONFLICT DO UPDATE SET Name = 'y'
ALTER TABLE Track RENAME TO t
ALTER TABLE Track ADD COLUMN x TEXT
ALTER TABLE Track DROP COLUMN Name
CREATE TABLE loot AS SELECT * FROM Customer
CREATE TABLE x (a INTEGER)
CREATE TEMP TABLE x AS SELECT * FROM Customer
CREATE TEMPORARY TABLE x (a)
CREATE VIEW v AS SELECT * FROM secret
CREATE TEMP VIEW v AS SELECT * FROM secret
CREATE INDEX i ON Track (Name)
CREATE UNIQUE INDEX i ON Track (Name)
CREATE TRIGGER t AFTER INSERT ON Track BEGIN DELETE FROM Track; END
CREATE VIRTUAL TABLE f USING fts5(x)
CREATE VIRTUAL TABLE temp.c USING csv(filename='/etc/passwd')
DROP INDEX IFK_TrackGenreId
DROP VIEW v
DROP TRIGGER t
ATTACH DATABASE 'loot.db' AS e
ATTACH 'loot.db' AS e
ATTACH DATABASE ':memory:' AS m
ATTACH DATABASE '/etc/passwd' AS p
DETACH DATABASE main
VACUUM
VACUUM INTO 'copy.db'
VACUUM main INTO '/tmp/copy.db'
REINDEX
REINDEX Track
ANALYZE
ANALYZE Track
PRAGMA query_only = OFF
PRAGMA writable_schema = ON
PRAGMA journal_mode = WAL
PRAGMA journal_mode = DELETE
PRAGMA table_info(Track)
PRAGMA database_list
PRAGMA user_version = 7
PRAGMA wal_checkpoint(TRUNCATE)
PRAGMA schema_version = 99
PRAGMA trusted_schema = ON
PRAGMA temp_store_directory = '/tmp'
PRAGMA key = 'x'
PRAGMA incremental_vacuum
PRAGMA optimize
PRAGMA cell_size_check
BEGIN
BEGIN EXCLUSIVE
BEGIN IMMEDIATE TRANSACTION
COMMIT
ROLLBACK
END TRANSACTION
SAVEPOINT s
RELEASE s
ROLLBACK TO s
EXPLAIN SELECT * FROM Track
EXPLAIN QUERY PLAN SELECT * FROM Track
EXPLAIN DELETE FROM Track
SELECT 1; DROP TABLE Track
SELECT 1; SELECT 2
SELECT * FROM Track; DELETE FROM Track
SELECT 1;; DELETE FROM Track
; DELETE FROM Track
SELECT 1 /* ; */ ; UPDATE Track SET Name = ''
SELECT ';' ; DROP TABLE Genre
SELECT 'a''; DROP TABLE Genre; --'; DROP TABLE Genre
WITH d AS (DELETE FROM Track RETURNING *) SELECT * FROM d
WITH d AS (UPDATE Track SET Name = '' RETURNING *) SELECT * FROM d
WITH d AS (INSERT INTO Genre VALUES (9, 'x') RETURNING *) SELECT * FROM d
WITH d AS (SELECT 1) DELETE FROM Track
WITH d AS (SELECT 1) INSERT INTO Genre SELECT 9, 'x'
WITH d AS (SELECT 1) UPDATE Genre SET Name = 'x'
SELECT * INTO loot FROM Customer
SELECT Name INTO OUTFILE '/tmp/x' FROM Track
SELECT * FROM Track FOR UPDATE
SELECT * FROM secret
SELECT word FROM secret
SELECT word FROM main.secret
SELECT s.word FROM secret AS s
SELECT * FROM Track WHERE Name IN (SELECT word FROM secret)
SELECT (SELECT word FROM secret)
SELECT Name FROM Track UNION SELECT word FROM secret
SELECT Name FROM Track UNION ALL SELECT word FROM secret
SELECT Name FROM Track EXCEPT SELECT word FROM secret
SELECT Name FROM Track INTERSECT SELECT word FROM secret
SELECT Name FROM Track ORDER BY (SELECT word FROM secret)
SELECT Name FROM Track LIMIT (SELECT count(*) FROM secret)
SELECT Name FROM Track LIMIT 1 OFFSET (SELECT count(*) FROM secret)
SELECT count(*) FROM Track GROUP BY (SELECT word FROM secret)
SELECT count(*) FROM Track HAVING (SELECT word FROM secret) > ''
SELECT Name FROM Track JOIN secret ON 1 = 1
SELECT Name FROM Track LEFT JOIN secret ON TrackId = id
SELECT Name FROM Track, secret
SELECT Name FROM Track CROSS JOIN secret
SELECT Name FROM Track NATURAL JOIN secret
SELECT Name FROM Track WHERE EXISTS (SELECT 1 FROM secret WHERE word LIKE 'h%')
SELECT CASE WHEN (SELECT word FROM secret LIMIT 1) LIKE 'h%' THEN 1 ELSE 0 END
WITH Track AS (SELECT word AS Name FROM secret) SELECT Name FROM Track
WITH a AS (SELECT 1), b AS (SELECT word FROM secret) SELECT * FROM b
WITH RECURSIVE a(x) AS (SELECT word FROM secret UNION ALL SELECT x FROM a) SELECT x FROM a
SELECT x FROM (SELECT word AS x FROM secret)
SELECT * FROM (SELECT * FROM (SELECT * FROM secret))
SELECT sum(TrackId) OVER (ORDER BY (SELECT word FROM secret)) FROM Track
SELECT sum(TrackId) FILTER (WHERE EXISTS (SELECT 1 FROM secret)) FROM Track
SELECT max(Name, (SELECT word FROM secret)) FROM Track
SELECT * FROM sqlite_master
SELECT sql FROM sqlite_schema
SELECT * FROM main.sqlite_master
SELECT * FROM sqlite_temp_master
SELECT * FROM sqlite_sequence
SELECT * FROM sqlite_stat1
SELECT * FROM sqlite_dbpage
SELECT * FROM dbstat
SELECT * FROM temp.Track
SELECT * FROM other.Track
SELECT * FROM a.b.Track
SELECT * FROM pragma_table_info('Track')
SELECT * FROM pragma_database_list
SELECT * FROM pragma_database_list()
SELECT * FROM pragma_journal_mode('wal')
SELECT name FROM pragma_function_list
SELECT * FROM json_each('[1,2]')
SELECT * FROM json_tree('{}')
SELECT * FROM generate_series(1, 100000000000)
SELECT * FROM fsdir('/')
SELECT * FROM zipfile('x.zip')
SELECT * FROM sqlite_stmt
SELECT * FROM bytecode('SELECT 1')
SELECT * FROM Track NOT INDEXED
SELECT * FROM Track INDEXED BY IFK_TrackGenreId
SELECT ?1
SELECT :name
SELECT @name
SELECT $name
SELECT x'00'
TABLE Track
VALUES (load_extension('x'))
SELECT Name FROM Track MINUS SELECT word FROM secret
SELECT * EXCLUDE (Name) FROM Track
FROM Track SELECT Name
SELECT TOP 5 * FROM Track
SELECT * FROM Track TABLESAMPLE BERNOULLI (10)
SELECT * FROM Track QUALIFY row_number() OVER () = 1
SELECT * FROM Track LATERAL VIEW explode(x) t AS y
SELECT * FROM Track PIVOT (count(*) FOR GenreId IN (1, 2))
SELECT RAISE(ABORT, 'x')
SELECT Name MATCH 'x' FROM Track
SELECT Name REGEXP '(a+)+$' FROM Track
SELECT * FROM Track WHERE Name = "x; DROP TABLE Track"
SELECT "a""; DROP TABLE Track; --" FROM Track
SELECT Name AS "x""y" FROM Track
SELECT Name AS `x"y` FROM Track
COPY Track TO '/tmp/x'
LOAD DATA INFILE '/etc/passwd' INTO TABLE Track
GRANT ALL ON Track TO PUBLIC
TRUNCATE TABLE Track
MERGE INTO Track USING Genre ON 1 = 1 WHEN MATCHED THEN DELETE
CALL system('id')
EXECUTE x
PREPARE x AS DELETE FROM Track
SET x = 1
USE other
SHOW TABLES
KILL 1
.shell id
.read /etc/passwd
.open loot.db
.output /tmp/x
SELECT load_extension('evil') FROM Track
SELECT readfile('/etc/passwd') FROM Track
SELECT writefile('/tmp/x','y') FROM Track
SELECT edit('x') FROM Track
SELECT randomblob(1000000000) FROM Track
SELECT zeroblob(1000000000) FROM Track
SELECT printf('%.*c', 300000000, 'x') FROM Track
SELECT format('%.*c', 300000000, 'x') FROM Track
SELECT fts3_tokenizer('x') FROM Track
SELECT sqlite_compileoption_get(1) FROM Track
SELECT sqlite_version() FROM Track
SELECT sqlite_source_id() FROM Track
SELECT last_insert_rowid() FROM Track
SELECT changes() FROM Track
SELECT total_changes() FROM Track
SELECT eval('DROP TABLE Track') FROM Track
SELECT system('id') FROM Track
SELECT sqlite_log(1,'x') FROM Track
SELECT likelihood(1,0.5) FROM Track
SELECT soundex('x') FROM Track
SELECT sqlite_offset(Name) FROM Track
SELECT regexp('(a+)+$', Name) FROM Track
SELECT lsmode('x') FROM Track
SELECT sqlar_compress('x') FROM Track
SELECT sha3('x') FROM Track
SELECT decimal_mul('1','2') FROM Track
SELECT mysecret(Name) FROM Track
SELECT json_each('[1]') FROM Track
SELECT hex(randomblob(9)) FROM Track
SELECT shell_add_schema('x') FROM Track
SELECT Name FROM Track WHERE load_extension('evil') IS NOT NULL
SELECT Name FROM Track ORDER BY load_extension('evil')
SELECT count(*) FROM Track GROUP BY load_extension('evil')
SELECT Name FROM Track LIMIT load_extension('evil')
SELECT (SELECT load_extension('evil') FROM Genre LIMIT 1) FROM Track
WITH a AS (SELECT load_extension('evil') AS x FROM Track) SELECT x FROM a
SELECT t.Name FROM Track t JOIN Genre g ON load_extension('evil') = g.Name
SELECT CASE WHEN 1 THEN load_extension('evil') END FROM Track
SELECT sum(TrackId) OVER (PARTITION BY load_extension('evil')) FROM Track
SELECT upper(load_extension('evil')) FROM Track
SELECT Name FROM Track WHERE writefile('/tmp/x', 'y') IS NOT NULL
SELECT Name FROM Track ORDER BY writefile('/tmp/x', 'y')
SELECT count(*) FROM Track GROUP BY writefile('/tmp/x', 'y')
SELECT Name FROM Track LIMIT writefile('/tmp/x', 'y')
SELECT (SELECT writefile('/tmp/x', 'y') FROM Genre LIMIT 1) FROM Track
WITH a AS (SELECT writefile('/tmp/x', 'y') AS x FROM Track) SELECT x FROM a
SELECT t.Name FROM Track t JOIN Genre g ON writefile('/tmp/x', 'y') = g.Name
SELECT CASE WHEN 1 THEN writefile('/tmp/x', 'y') END FROM Track
SELECT sum(TrackId) OVER (PARTITION BY writefile('/tmp/x', 'y')) FROM Track
SELECT upper(writefile('/tmp/x', 'y')) FROM Track
SELECT Name FROM Track WHERE readfile('/etc/passwd') IS NOT NULL
SELECT Name FROM Track ORDER BY readfile('/etc/passwd')
SELECT count(*) FROM Track GROUP BY readfile('/etc/passwd')
SELECT Name FROM Track LIMIT readfile('/etc/passwd')
SELECT (SELECT readfile('/etc/passwd') FROM Genre LIMIT 1) FROM Track
WITH a AS (SELECT readfile('/etc/passwd') AS x FROM Track) SELECT x FROM a
SELECT t.Name FROM Track t JOIN Genre g ON readfile('/etc/passwd') = g.Name
SELECT CASE WHEN 1 THEN readfile('/etc/passwd') END FROM Track
SELECT sum(TrackId) OVER (PARTITION BY readfile('/etc/passwd')) FROM Track
SELECT upper(readfile('/etc/passwd')) FROM Track
SELECT Name FROM Track WHERE randomblob(1000000000) IS NOT NULL
SELECT Name FROM Track ORDER BY randomblob(1000000000)
SELECT count(*) FROM Track GROUP BY randomblob(1000000000)
SELECT Name FROM Track LIMIT randomblob(1000000000)
SELECT (SELECT randomblob(1000000000) FROM Genre LIMIT 1) FROM Track
WITH a AS (SELECT randomblob(1000000000) AS x FROM Track) SELECT x FROM a
SELECT t.Name FROM Track t JOIN Genre g ON randomblob(1000000000) = g.Name
SELECT CASE WHEN 1 THEN randomblob(1000000000) END FROM Track
SELECT sum(TrackId) OVER (PARTITION BY randomblob(1000000000)) FROM Track
SELECT upper(randomblob(1000000000)) FROM Track
