-- A music shop with the table and column names of the Chinook sample database, so that its
-- questions can be checked here. The rows are the project's own.
CREATE TABLE Artist (ArtistId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE Album (AlbumId INTEGER NOT NULL PRIMARY KEY, Title NVARCHAR(160) NOT NULL, ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId));
CREATE TABLE Genre (GenreId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE MediaType (MediaTypeId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE Track (
  TrackId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(200) NOT NULL,
  AlbumId INTEGER REFERENCES Album (AlbumId), MediaTypeId INTEGER NOT NULL REFERENCES MediaType (MediaTypeId),
  GenreId INTEGER REFERENCES Genre (GenreId), Composer NVARCHAR(220),
  Milliseconds INTEGER NOT NULL, Bytes INTEGER, UnitPrice NUMERIC(10,2) NOT NULL
);
CREATE TABLE Employee (
  EmployeeId INTEGER NOT NULL PRIMARY KEY, LastName NVARCHAR(20) NOT NULL, FirstName NVARCHAR(20) NOT NULL,
  Title NVARCHAR(30), ReportsTo INTEGER REFERENCES Employee (EmployeeId), BirthDate DATETIME, HireDate DATETIME,
  Address NVARCHAR(70), City NVARCHAR(40), State NVARCHAR(40), Country NVARCHAR(40), PostalCode NVARCHAR(10),
  Phone NVARCHAR(24), Fax NVARCHAR(24), Email NVARCHAR(60)
);
CREATE TABLE Customer (
  CustomerId INTEGER NOT NULL PRIMARY KEY, FirstName NVARCHAR(40) NOT NULL, LastName NVARCHAR(20) NOT NULL,
  Company NVARCHAR(80), Address NVARCHAR(70), City NVARCHAR(40), State NVARCHAR(40), Country NVARCHAR(40),
  PostalCode NVARCHAR(10), Phone NVARCHAR(24), Fax NVARCHAR(24), Email NVARCHAR(60) NOT NULL,
  SupportRepId INTEGER REFERENCES Employee (EmployeeId)
);
CREATE TABLE Invoice (
  InvoiceId INTEGER NOT NULL PRIMARY KEY, CustomerId INTEGER NOT NULL REFERENCES Customer (CustomerId),
  InvoiceDate DATETIME NOT NULL, BillingAddress NVARCHAR(70), BillingCity NVARCHAR(40), BillingState NVARCHAR(40),
  BillingCountry NVARCHAR(40), BillingPostalCode NVARCHAR(10), Total NUMERIC(10,2) NOT NULL
);
CREATE TABLE InvoiceLine (
  InvoiceLineId INTEGER NOT NULL PRIMARY KEY, InvoiceId INTEGER NOT NULL REFERENCES Invoice (InvoiceId),
  TrackId INTEGER NOT NULL REFERENCES Track (TrackId), UnitPrice NUMERIC(10,2) NOT NULL, Quantity INTEGER NOT NULL
);
CREATE TABLE Playlist (PlaylistId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE PlaylistTrack (
  PlaylistId INTEGER NOT NULL REFERENCES Playlist (PlaylistId), TrackId INTEGER NOT NULL REFERENCES Track (TrackId),
  PRIMARY KEY (PlaylistId, TrackId)
);
INSERT INTO Genre VALUES (1,'Rock'),(2,'Jazz'),(3,'Metal'),(4,'Classical'),(5,'Latin'),(6,'Blues');
INSERT INTO MediaType VALUES (1,'MPEG audio file'),(2,'Protected AAC audio file'),(3,'AAC audio file');
INSERT INTO Artist VALUES (1,'The Tin Lanterns'),(2,'Ada Quartet'),(3,'Iron Ledger'),(4,'Rio Claro'),(5,'Blue Harbour'),(6,'Night Ferry');
INSERT INTO Album VALUES (1,'Paper Moons',1),(2,'Second Light',1),(3,'Late Sets',2),(4,'Forge',3),(5,'Tempered',3),(6,'Praia',4),(7,'Low Tide',5),(8,'String Works',2);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64)
INSERT INTO Track SELECT i, 'Song ' || i, 1 + (i - 1) / 8, 1 + i % 3, 1 + ((i - 1) / 8) % 6,
  CASE WHEN i % 4 = 0 THEN NULL ELSE 'Composer ' || (i % 7) END, 150000 + (i * 7919) % 250000, 4000000 + i * 50000,
  CASE WHEN i % 9 = 0 THEN 1.99 ELSE 0.99 END FROM n;
INSERT INTO Employee VALUES
 (1,'Moor','Tess','General Manager',NULL,'1969-02-18 00:00:00','2002-08-14 00:00:00','1 Hill Road','Calgary','AB','Canada','T5K 2N1','+1 (780) 555-0101','+1 (780) 555-0102','tess@shop.example'),
 (2,'Reed','Omar','Sales Manager',1,'1975-12-08 00:00:00','2002-05-01 00:00:00','2 Hill Road','Calgary','AB','Canada','T2P 2T3','+1 (403) 555-0103','+1 (403) 555-0104','omar@shop.example'),
 (3,'Lind','Ina','Sales Support Agent',2,'1983-08-29 00:00:00','2002-04-01 00:00:00','3 Hill Road','Calgary','AB','Canada','T2P 5M5','+1 (403) 555-0105','+1 (403) 555-0106','ina@shop.example'),
 (4,'Park','Joon','Sales Support Agent',2,'1981-09-19 00:00:00','2003-05-03 00:00:00','4 Hill Road','Lethbridge','AB','Canada','T2P 5G3','+1 (403) 555-0107','+1 (403) 555-0108','joon@shop.example');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24)
INSERT INTO Customer SELECT i, 'First' || i, 'Last' || i, CASE WHEN i % 5 = 0 THEN 'Company ' || i END, i || ' Main Street',
  'City ' || (i % 8), CASE WHEN i % 3 = 0 THEN 'ST' END,
  CASE i % 6 WHEN 0 THEN 'Brazil' WHEN 1 THEN 'Germany' WHEN 2 THEN 'France' WHEN 3 THEN 'USA' WHEN 4 THEN 'Canada' ELSE 'India' END,
  printf('%05d', 10000 + i), '+49 555 0' || (100000 + i), NULL, 'customer' || i || '@mail.example', 3 + i % 2 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 96)
INSERT INTO Invoice SELECT i, 1 + i % 24, (2021 + i % 4) || '-' || printf('%02d', 1 + i % 12) || '-' || printf('%02d', 1 + i % 27) || ' 00:00:00',
  (1 + i % 24) || ' Main Street', c.City, c.State, c.Country, c.PostalCode, 0 FROM n JOIN Customer c ON c.CustomerId = 1 + i % 24;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
INSERT INTO InvoiceLine SELECT i, 1 + (i * 5) % 96, t.TrackId, t.UnitPrice, 1 + i % 2 FROM n JOIN Track t ON t.TrackId = 1 + (i * 11) % 60;
UPDATE Invoice SET Total = (SELECT round(coalesce(sum(l.UnitPrice * l.Quantity), 0), 2) FROM InvoiceLine l WHERE l.InvoiceId = Invoice.InvoiceId);
INSERT INTO Playlist VALUES (1,'Music'),(2,'Road Trip'),(3,'Empty List');
INSERT INTO PlaylistTrack SELECT 1, TrackId FROM Track;
INSERT INTO PlaylistTrack SELECT 2, TrackId FROM Track WHERE TrackId % 5 = 0;
