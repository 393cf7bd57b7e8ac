SELECT count(*) FROM Track
SELECT Name FROM Artist ORDER BY Name
SELECT Name, Milliseconds / 60000.0 AS minutes FROM Track ORDER BY minutes DESC LIMIT 5
SELECT * FROM Genre
SELECT t.* FROM Track t LIMIT 3
SELECT DISTINCT Country FROM Customer
SELECT count(DISTINCT Country) FROM Customer
SELECT Country, count(*) AS n FROM Customer GROUP BY Country ORDER BY n DESC, Country
SELECT Country, count(*) FROM Customer GROUP BY 1 HAVING count(*) > 2 ORDER BY 2 DESC
SELECT Title, Name FROM Album JOIN Artist ON Album.ArtistId = Artist.ArtistId
SELECT al.Title, ar.Name FROM Album al INNER JOIN Artist ar ON al.ArtistId = ar.ArtistId WHERE ar.Name LIKE 'I%'
SELECT Title, Name FROM Album JOIN Artist USING (ArtistId) ORDER BY ArtistId
SELECT Title FROM Album NATURAL JOIN Artist WHERE Name = 'Forge'
SELECT ar.Name, count(al.AlbumId) FROM Artist ar LEFT JOIN Album al ON al.ArtistId = ar.ArtistId GROUP BY ar.ArtistId, ar.Name
SELECT ar.Name FROM Artist ar LEFT JOIN Album al ON al.ArtistId = ar.ArtistId WHERE al.AlbumId IS NULL
SELECT e.FirstName, m.FirstName AS manager FROM Employee e LEFT JOIN Employee m ON e.ReportsTo = m.EmployeeId
SELECT Name FROM Track WHERE GenreId IN (SELECT GenreId FROM Genre WHERE Name = 'Rock')
SELECT Name FROM Track WHERE GenreId NOT IN (1, 2, 3)
SELECT Name FROM Track t WHERE EXISTS (SELECT 1 FROM InvoiceLine l WHERE l.TrackId = t.TrackId)
SELECT Name FROM Track t WHERE NOT EXISTS (SELECT 1 FROM InvoiceLine l WHERE l.TrackId = t.TrackId)
SELECT Name FROM Track WHERE Milliseconds = (SELECT max(Milliseconds) FROM Track)
SELECT Name FROM Track WHERE Milliseconds BETWEEN 200000 AND 300000
SELECT Name FROM Track WHERE Composer IS NULL
SELECT Name FROM Track WHERE Composer IS NOT NULL AND NOT (UnitPrice < 1)
SELECT sum(Quantity * UnitPrice) FROM InvoiceLine
SELECT round(avg(Total), 2) FROM Invoice
SELECT min(Total), max(Total), avg(Total), sum(Total), count(Total) FROM Invoice
SELECT BillingCountry, sum(Total) AS revenue FROM Invoice GROUP BY BillingCountry ORDER BY revenue DESC LIMIT 1
SELECT c.FirstName || ' ' || c.LastName AS name, sum(i.Total) FROM Customer c JOIN Invoice i ON i.CustomerId = c.CustomerId GROUP BY c.CustomerId, c.FirstName, c.LastName
SELECT g.Name, sum(l.Quantity) FROM Genre g JOIN Track t ON t.GenreId = g.GenreId JOIN InvoiceLine l ON l.TrackId = t.TrackId GROUP BY g.Name
SELECT CASE WHEN Total > 10 THEN 'large' WHEN Total > 5 THEN 'medium' ELSE 'small' END AS size, count(*) FROM Invoice GROUP BY 1
SELECT sum(CASE WHEN UnitPrice > 1 THEN 1 ELSE 0 END) FROM Track
SELECT CASE GenreId WHEN 1 THEN 'r' ELSE 'o' END FROM Track
SELECT coalesce(Company, 'private') FROM Customer
SELECT nullif(State, '') FROM Customer
SELECT upper(Name), lower(Name), length(Name), trim(Name), replace(Name, 'a', 'b') FROM Genre
SELECT substr(Name, 1, 3) FROM Genre
SELECT abs(-1), round(1.5), 7 % 3
SELECT CAST(Total AS INTEGER) FROM Invoice
SELECT CAST(UnitPrice AS NUMERIC(10, 2)) FROM Track
SELECT Name FROM Genre UNION SELECT Name FROM MediaType
SELECT Name FROM Genre UNION ALL SELECT Name FROM MediaType ORDER BY Name
SELECT Country FROM Customer EXCEPT SELECT Country FROM Employee
SELECT Country FROM Customer INTERSECT SELECT Country FROM Employee
WITH big AS (SELECT * FROM Invoice WHERE Total > 5) SELECT count(*) FROM big
WITH s AS (SELECT CustomerId, sum(Total) AS spent FROM Invoice GROUP BY CustomerId) SELECT c.LastName, s.spent FROM s JOIN Customer c ON c.CustomerId = s.CustomerId ORDER BY s.spent DESC LIMIT 3
WITH a AS (SELECT GenreId FROM Genre), b AS (SELECT GenreId FROM a) SELECT count(*) FROM b
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n
WITH RECURSIVE boss(id, depth) AS (SELECT EmployeeId, 0 FROM Employee WHERE ReportsTo IS NULL UNION ALL SELECT e.EmployeeId, b.depth + 1 FROM Employee e JOIN boss b ON e.ReportsTo = b.id) SELECT max(depth) FROM boss
SELECT avg(n) FROM (SELECT count(*) AS n FROM Track GROUP BY AlbumId) x
SELECT x.n FROM (SELECT AlbumId, count(*) AS n FROM Track GROUP BY AlbumId) AS x WHERE x.n > 3
SELECT Name, row_number() OVER (ORDER BY Milliseconds DESC) AS r FROM Track
SELECT AlbumId, Name, rank() OVER (PARTITION BY AlbumId ORDER BY Milliseconds) FROM Track
SELECT InvoiceId, sum(Total) OVER (ORDER BY InvoiceDate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM Invoice
SELECT InvoiceId, lag(Total) OVER w FROM Invoice WINDOW w AS (ORDER BY InvoiceId)
SELECT * FROM (SELECT Name, row_number() OVER (PARTITION BY GenreId ORDER BY Milliseconds DESC) AS r FROM Track) q WHERE r = 1
SELECT ntile(4) OVER (ORDER BY Total) FROM Invoice
SELECT Name FROM Track ORDER BY Milliseconds LIMIT 10 OFFSET 20
SELECT (SELECT count(*) FROM Track) * 1.0 / (SELECT count(*) FROM Album)
SELECT Name, (SELECT count(*) FROM Album al WHERE al.ArtistId = ar.ArtistId) AS albums FROM Artist ar ORDER BY albums DESC
SELECT count(*) FILTER (WHERE UnitPrice > 1) FROM Track
SELECT p.Name, count(*) FROM Playlist p JOIN PlaylistTrack pt ON pt.PlaylistId = p.PlaylistId GROUP BY p.Name
SELECT a.Name, b.Name FROM Genre a CROSS JOIN MediaType b
SELECT a.GenreId, b.GenreId FROM Genre a, Genre b WHERE a.GenreId < b.GenreId
SELECT 'it''s', 1, 1.5, NULL, -3
SELECT Name FROM Artist WHERE Name = 'O''Brien; DROP TABLE x --'
SELECT Name FROM Track WHERE Name LIKE '50\%' ESCAPE '\'
SELECT LastName FROM Customer WHERE (Country = 'USA' OR Country = 'Canada') AND State IS NOT NULL
SELECT CURRENT_DATE
select count ( * ) from InvoiceLine -- how many?
SELECT /* all */ Title FROM Album;
SELECT t.Name FROM Track AS t JOIN (Album AS al JOIN Artist AS ar ON ar.ArtistId = al.ArtistId) ON al.AlbumId = t.AlbumId
SELECT count(*) FROM Track WHERE (GenreId, MediaTypeId) IN (SELECT GenreId, MediaTypeId FROM Track WHERE TrackId < 5)
SELECT strftime('%Y', InvoiceDate) AS year, sum(Total) FROM Invoice GROUP BY year ORDER BY year
SELECT strftime('%Y-%m', InvoiceDate) AS m, count(*) FROM Invoice GROUP BY strftime('%Y-%m', InvoiceDate)
SELECT date(InvoiceDate, '+1 month') FROM Invoice LIMIT 1
SELECT julianday('now') - julianday(BirthDate) FROM Employee
SELECT datetime('now'), time('now'), unixepoch('now')
SELECT group_concat(Name, ', ') FROM Genre
SELECT ifnull(Company, 'none') FROM Customer
SELECT iif(Total > 5, 'a', 'b') FROM Invoice
SELECT instr(Name, 'a') FROM Genre
SELECT total(Total) FROM Invoice
SELECT Name FROM Track WHERE Name GLOB 'Song*'
SELECT [Name] FROM [Track] WHERE [UnitPrice] > 1
SELECT `Name` FROM `Track`
SELECT "Name" FROM "Track" AS "t"
SELECT Name FROM main.Genre
SELECT rowid, Name FROM Genre
SELECT t.rowid FROM Track t
SELECT Name AS 'Genre name' FROM Genre
SELECT Name FROM Track LIMIT 5, 10
SELECT Milliseconds / 1000 AS s FROM Track WHERE s > 300
SELECT Name, max(Milliseconds) FROM Track GROUP BY AlbumId
SELECT Name FROM Genre ORDER BY Name COLLATE NOCASE
SELECT max(1, 2), min(3, 4)
SELECT typeof(Total) FROM Invoice
SELECT TRUE, FALSE
SELECT count(*) FROM Invoice WHERE InvoiceDate >= '2022-01-01' AND InvoiceDate < '2023-01-01'
SELECT quote(Name), unicode(Name), hex('a') FROM Genre
