-- Orders of a mail-order house, with the names that only their author knows. The project's own.
CREATE TABLE t_site (drc_site_id INTEGER PRIMARY KEY, site_cd TEXT NOT NULL, nm TEXT NOT NULL, cd_rgn TEXT NOT NULL, cap_m3 INTEGER NOT NULL);
CREATE TABLE t_cst (cst_no INTEGER PRIMARY KEY, nm_1 TEXT NOT NULL, nm_2 TEXT NOT NULL, cd_seg TEXT NOT NULL, dt_reg INTEGER NOT NULL, drc_site_id INTEGER NOT NULL REFERENCES t_site (drc_site_id), fl_act INTEGER NOT NULL);
CREATE TABLE t_itm (itm_cd TEXT PRIMARY KEY, ds TEXT NOT NULL, cd_fam TEXT NOT NULL, wgt_g INTEGER NOT NULL, fl_hz INTEGER NOT NULL);
CREATE TABLE t_ord (ord_id INTEGER PRIMARY KEY, drc_site_id INTEGER NOT NULL REFERENCES t_site (drc_site_id), cst_no INTEGER NOT NULL REFERENCES t_cst (cst_no), dt_crt INTEGER NOT NULL, cd_st TEXT NOT NULL, cd_ch TEXT NOT NULL, t_amt INTEGER NOT NULL, t_dsc INTEGER NOT NULL);
CREATE TABLE t_ord_ln (ord_id INTEGER NOT NULL REFERENCES t_ord (ord_id), ln_no INTEGER NOT NULL, itm_cd TEXT NOT NULL REFERENCES t_itm (itm_cd), qty INTEGER NOT NULL, u_prc INTEGER NOT NULL, PRIMARY KEY (ord_id, ln_no));
CREATE TABLE t_shp (shp_no INTEGER PRIMARY KEY, ord_id INTEGER NOT NULL REFERENCES t_ord (ord_id), cd_crr TEXT NOT NULL, dt_dsp INTEGER NOT NULL, dt_dlv INTEGER, cd_xst TEXT NOT NULL);
CREATE TABLE t_rtn (rtn_no INTEGER PRIMARY KEY, ord_id INTEGER NOT NULL REFERENCES t_ord (ord_id), itm_cd TEXT NOT NULL REFERENCES t_itm (itm_cd), qty INTEGER NOT NULL, cd_rsn TEXT NOT NULL, dt_crt INTEGER NOT NULL);
INSERT INTO t_site VALUES (1,'HBG','Hamburg','01',5200),(2,'KIL','Kiel','01',1800),(3,'MUC','Munich','02',6400),(4,'STG','Stuttgart','02',3100),(5,'LEJ','Leipzig','03',7500),(6,'CGN','Cologne','04',4300);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO t_cst SELECT 1000 + i, 'Vorname' || (i % 17), 'Nachname' || i,
  CASE WHEN i % 7 = 0 THEN 'G4' WHEN i % 3 = 0 THEN 'B7' ELSE 'A1' END,
  (2020 + i % 5) * 10000 + (1 + i % 12) * 100 + 1 + i % 28, 1 + i % 6, CASE WHEN i % 8 = 0 THEN 0 ELSE 1 END FROM n;
INSERT INTO t_itm VALUES ('A100','Oak table','FRN',32000,0),('A101','Oak chair','FRN',7000,0),('A102','Bookshelf','FRN',18000,0),
 ('E200','Desk lamp','ELT',1500,0),('E201','Battery pack','ELT',900,1),('E202','Radio','ELT',1200,0),
 ('G300','Garden hose','GRD',4000,0),('G301','Weed killer','GRD',1100,1),('G302','Rake','GRD',1600,0),
 ('K400','Kettle','KTC',1300,0),('K401','Gas burner','KTC',2100,1),('K402','Pan set','KTC',5200,0);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
INSERT INTO t_ord SELECT 50000 + i, 1 + (i * 5) % 6, 1001 + (i * 7) % 60,
  (2022 + i % 3) * 10000 + (1 + (i * 3) % 12) * 100 + 1 + i % 28,
  CASE WHEN i % 11 = 0 THEN 'X' WHEN i % 13 = 0 THEN 'R' WHEN i % 5 = 0 THEN 'N' WHEN i % 3 = 0 THEN 'P' ELSE 'D' END,
  CASE WHEN i % 4 = 0 THEN 'P2' WHEN i % 9 = 0 THEN 'S3' ELSE 'W1' END, 0, CASE WHEN i % 6 = 0 THEN 500 ELSE 0 END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400), l(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM l WHERE k < 3)
INSERT INTO t_ord_ln SELECT 50000 + i, k, m.itm_cd, 1 + (i + k) % 4, 1500 + ((i * 37 + k * 911) % 90) * 100
  FROM n, l, (SELECT itm_cd, row_number() OVER (ORDER BY itm_cd) - 1 AS r FROM t_itm) m WHERE k <= 1 + i % 3 AND m.r = (i * k + k) % 12;
UPDATE t_ord SET t_amt = (SELECT sum(qty * u_prc) FROM t_ord_ln l WHERE l.ord_id = t_ord.ord_id);
INSERT INTO t_shp SELECT ord_id + 30000, ord_id, CASE ord_id % 3 WHEN 0 THEN 'K' WHEN 1 THEN 'T' ELSE 'Z' END, dt_crt,
  CASE WHEN ord_id % 17 = 0 THEN NULL ELSE dt_crt END, CASE WHEN ord_id % 17 = 0 THEN '30' WHEN ord_id % 4 = 0 THEN '20' ELSE '10' END
  FROM t_ord WHERE cd_st IN ('D', 'R');
INSERT INTO t_rtn SELECT l.ord_id * 10 + l.ln_no, l.ord_id, l.itm_cd, 1, CAST(1 + l.ord_id % 3 AS TEXT), o.dt_crt FROM t_ord_ln l JOIN t_ord o ON o.ord_id = l.ord_id WHERE o.cd_st = 'R';
