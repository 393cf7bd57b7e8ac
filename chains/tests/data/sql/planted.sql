-- A small registry of the project's own with 20 planted faults, numbered as in sql_knowledge.rs.
CREATE TABLE customer (
  customer_id INTEGER PRIMARY KEY,
  region TEXT,
  joined TEXT,
  credit_limit TEXT,
  nickname TEXT
);
CREATE TABLE orders (
  order_number INTEGER, -- order number
  customer_id INTEGER,
  site_code VARCHAR(3),
  gmv NUMERIC,
  placed INTEGER,
  order_state TEXT,
  amount NUMERIC
);
CREATE TABLE site (
  site_id INTEGER PRIMARY KEY,
  site_code VARCHAR(10),
  drc_zone TEXT,
  capacity INTEGER -- how many pallets fit
);
CREATE TABLE shipment (
  shipment_id INTEGER PRIMARY KEY,
  site_id INTEGER REFERENCES site (site_id),
  carrier TEXT,
  capacity INTEGER,
  weight TEXT,
  dispatched TEXT
);
CREATE TABLE archive (archive_id INTEGER PRIMARY KEY, content TEXT);
INSERT INTO customer VALUES (1,'North','31/12/2020','1000',NULL),(2,'north','01/02/2021','250',NULL),(3,'South','15/06/2022','400',NULL),(4,'East','07/07/2022','90',NULL);
INSERT INTO orders VALUES (1,1,'SPO',10.5,20240131,'N',10.5),(2,2,'BOG',20,20240201,'X',20),(3,2,'SPO',30,20240315,'N',30),(4,3,'CDX',40,20240401,'D',41),(5,4,'BOG',50,20240501,'X',50);
INSERT INTO site VALUES (1,'SPO','far east',100),(2,'BOG','near west',200),(3,'CDX','near west',300);
INSERT INTO shipment VALUES (1,1,'rail',10,'12.5','2024-01-31'),(2,2,'road',20,'7','2024-02-01'),(3,3,'rail',30,'9.25','2024-03-15');
