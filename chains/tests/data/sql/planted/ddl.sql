CREATE TABLE shipment (shipment_id INTEGER, site_id VARCHAR(8), carrier TEXT);
CREATE TABLE exchange_rates (day DATE, currency TEXT, rate NUMERIC);
