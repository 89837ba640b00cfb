CREATE TABLE cmd_log (
	did TEXT NOT NULL, 
	timestamp DOUBLE PRECISION NOT NULL, 
	type TEXT, 
	payload TEXT
)

;
CREATE INDEX cmd_log_by_device ON cmd_log (did, timestamp);
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789839525.691', 'dev2app', '000000030b000091040900001d4b0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841169.602', 'dev2app', '000000030b000091040900001d4a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841755.931', 'dev2app', '000000030b000091040900001d490000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841779.791', 'app2dev', '0000000309000090010101000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841780.587', 'dev2app', '000000030b000091040900001d480000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789843134.352', 'dev2app', '000000030b000091040900001d490000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789843229.113', 'app2dev', '0000000309000090010100000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789843229.315', 'dev2app', '000000030b000091040800001d4a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789845037.745', 'dev2app', '000000030b000091040800001d490000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789846101.839', 'dev2app', '000000030b000091040800001d480000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789846561.044', 'dev2app', '000000030b000091040800001d470000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789851048.595', 'dev2app', '000000030b000091040800001d470000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789852303.933', 'dev2app', '000000030b000091040800001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789853386.745', 'dev2app', '000000030b000091040800001d470000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789853620.671', 'dev2app', '000000030b000091040800001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789854255.617', 'app2dev', '0000000309000090010820000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789854255.975', 'dev2app', '000000030b000091042800001d470000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789854918.41', 'dev2app', '000000030b000091042800001d470000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789855056.661', 'dev2app', '000000030b000091042800001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789855996.376', 'dev2app', '000000030b000091042800001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789860640.884', 'app2dev', '0000000309000090010404000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789860641.703', 'dev2app', '000000030b000091042400001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789861389.517', 'dev2app', '000000030b000091042400001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789861424.224', 'dev2app', '000000030b000091042400001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789862131.736', 'dev2app', '000000030b000091042400001d460000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789862219.856', 'dev2app', '000000030b000091042400001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789864203.863', 'app2dev', '0000000309000090010410000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789864204.489', 'dev2app', '000000030b000091043000001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789864788.6', 'dev2app', '000000030b000091043000001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789866032.14', 'dev2app', '000000030b000091043000001d450000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875466.118', 'dev2app', '000000030b000091044d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875509.941', 'dev2app', '000000030b000091044d0000153e0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875588.276', 'dev2app', '000000030b000091044d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875622.303', 'dev2app', '000000030b000091044d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875700.534', 'dev2app', '000000030b000091044d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875744.513', 'app2dev', '0000000309000090010820000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875745.39', 'dev2app', '000000030b000091042d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875930.494', 'dev2app', '000000030b000091042d0000153c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876087.04', 'dev2app', '000000030b000091042d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876092.075', 'dev2app', '000000030b000091042d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876150.884', 'app2dev', '0000000309000090010101000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876151.053', 'dev2app', '000000030b000091042d0000153d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876338.386', 'dev2app', '000000030b000091042d0000153c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876436.803', 'dev2app', '000000030b000091042d0000153c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876464.199', 'dev2app', '000000030b000091042d0000153b0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876474.97', 'dev2app', '000000030b000091042d0000153a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876569.595', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876755.421', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877045.831', 'dev2app', '000000030b000091042d000015380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877100.84', 'dev2app', '000000030b000091042d000015380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877202.02', 'dev2app', '000000030b000091042d000015380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877289.051', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877335.421', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877387.7', 'dev2app', '000000030b000091042d0000153a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877422.197', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.006', 'dev2app', '000000030b000091042d000015380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.008', 'dev2app', '000000030b000091042d000015390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.009', 'app2dev', '0000000309000090014000000018');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.104', 'dev2app', '000000030b000091042d000018390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.105', 'app2dev', '0000000309000090010404000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.149', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.189', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.286', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.449', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.911', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429.941', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877448.421', 'dev2app', '000000030b0000910425000018380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877592.948', 'dev2app', '000000030b0000910425000018390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877788.224', 'dev2app', '000000030b00009104250000183a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877851.242', 'dev2app', '000000030b00009104250000183b0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877865.179', 'dev2app', '000000030b00009104250000183a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877923.841', 'app2dev', '0000000309000090014000000012');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877924.219', 'dev2app', '000000030b0000910425000012390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877946.76', 'dev2app', '000000030b0000910425000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878238.744', 'app2dev', '0000000309000090010202000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878239.273', 'dev2app', '000000030b0000910427000012390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878339.122', 'dev2app', '000000030b00009104270000123a0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878355.81', 'dev2app', '000000030b0000910427000012390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878380.613', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878396.86', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878444.823', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878450.533', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878470.912', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878484.009', 'dev2app', '000000030b0000910427000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878522.271', 'app2dev', '0000000309000090010100000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878522.773', 'dev2app', '000000030b0000910426000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878563.843', 'dev2app', '000000030b0000910426000012370000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878787.983', 'dev2app', '000000030b0000910426000012370000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879100.491', 'dev2app', '000000030b0000910426000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879105.232', 'dev2app', '000000030b0000910426000012370000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879118.893', 'dev2app', '000000030b0000910426000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879220.469', 'dev2app', '000000030b0000910426000012380000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879262.213', 'dev2app', '000000030b0000910426000012390000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789918040.4', 'dev2app', '000000030b0000910405000013520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789922641.263', 'dev2app', '000000030b0000910405000013530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789923689.022', 'app2dev', '000000030900009001400000001b');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789923689.908', 'dev2app', '000000030b000091040500001b520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789925065.233', 'app2dev', '0000000309000090010100000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789925066.131', 'dev2app', '000000030b000091040400001b520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789928481.621', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789928852.234', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789930226.49', 'dev2app', '000000030b000091040400001b540000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789931174.888', 'dev2app', '000000030b000091040400001b540000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789932849.647', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789934394.829', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789934620.881', 'dev2app', '000000030b000091040400001b520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789935223.432', 'dev2app', '000000030b000091040400001b510000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789939833.939', 'dev2app', '000000030b000091040400001b520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789940847.517', 'app2dev', '0000000309000090010200000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789940848.016', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789942492.086', 'dev2app', '000000030b000091040400001b530000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789944049.694', 'dev2app', '000000030b000091040400001b520000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789944896.217', 'app2dev', '0000000309000090014000000019');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789944896.359', 'dev2app', '000000030b0000910404000019510000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789945413.794', 'dev2app', '000000030b0000910404000019500000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789945647.759', 'dev2app', '000000030b00009104040000194f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789946794.782', 'dev2app', '000000030b00009104040000194f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956303.551', 'app2dev', '0000000309000090010404000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956303.906', 'dev2app', '000000030b00009104040000194f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956316.038', 'app2dev', '000000030900009001400000001d');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956316.736', 'dev2app', '000000030b000091040400001d500000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789958751.417', 'app2dev', '0000000309000090010410000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789958751.497', 'dev2app', '000000030b000091041000001d4f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789958791.254', 'dev2app', '000000030b000091041000001d4f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789959340.921', 'app2dev', '0000000309000090010840000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789959341.265', 'dev2app', '000000030b000091045000001d4e0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789961367.442', 'dev2app', '000000030b000091045000001d4e0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789961884.1', 'dev2app', '000000030b000091045000001d4f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789962992.807', 'dev2app', '000000030b000091045000001d4f0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789963303.181', 'dev2app', '000000030b000091045000001d4e0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789966215.604', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789967595.164', 'dev2app', '000000030b000091045000001d4c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789968906.469', 'dev2app', '000000030b000091045000001d4b0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789970206.468', 'dev2app', '000000030b000091045000001d4c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789970553.794', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789973044.273', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789979834.564', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789981344.396', 'app2dev', '0000000309000090010840000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789981344.582', 'dev2app', '000000030b000091045000001d4c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789981557.819', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789985023.628', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789997378.698', 'dev2app', '000000030b000091045000001d4e0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998220.729', 'dev2app', '000000030b000091045000001d4d0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998584.242', 'dev2app', '000000030b000091045000001d4c0000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998933.164', 'app2dev', '0000000309000090010202000000');
INSERT INTO cmd_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998933.844', 'dev2app', '000000030b000091045200001d4d0000');
INSERT INTO cmd_log VALUES (E'"odd \\"\\u0000"', '1789827205.25', E'"\\u0000"', E'"\\"quoted\\""');
INSERT INTO cmd_log VALUES (E'"odd \\"\\u0000"', '1789827205.25', E'"\\u0000"', E'"\\"quoted\\""');
CREATE TABLE data_log (
	did TEXT NOT NULL, 
	timestamp DOUBLE PRECISION NOT NULL, 
	attrs TEXT
)

;
CREATE INDEX data_log_by_device ON data_log (did, timestamp);
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789839525', E'{"switch":1,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":27.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841169', E'{"switch":1,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":27,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841755', E'{"switch":1,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":26.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789841780', E'{"switch":1,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":26,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789843134', E'{"switch":1,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":26.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789843229', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":27,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789845037', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":26.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789846101', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":26,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789846561', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789851048', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789852303', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789853386', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789853620', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789854255', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789854918', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789855056', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789855996', E'{"switch":0,"fan_swing":0,"mode":"\\u9001\\u98ce","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789860641', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789861389', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789861424', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789862131', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":25,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789862219', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789864204', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789864788', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789866032', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":24.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875466', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875509', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":21,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875588', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875622', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875700', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875745', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875930', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876087', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876092', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876151', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876338', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876436', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":20,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876464', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":19.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876474', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":19,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876569', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789876755', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877045', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877100', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877202', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877289', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877335', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877387', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":19,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877422', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":21,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u9664\\u6e7f","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877429', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877448', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877592', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877788', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":19,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877851', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":19.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877865', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":24,"room_temp":19,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877924', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789877946', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878239', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878339', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":19,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878355', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878380', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878396', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878444', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878450', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878470', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878484', E'{"switch":1,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878522', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878563', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":17.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789878787', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":17.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879100', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879105', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":17.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879118', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879220', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879262', E'{"switch":0,"fan_swing":1,"mode":"\\u5236\\u70ed","fan_speed":"\\u4e2d\\u98ce","on_timing":0,"off_timing":0,"set_temp":18,"room_temp":18.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789918040', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":19,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789922641', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":19,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789923689', E'{"switch":1,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789925066', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789928481', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789928852', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789930226', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":32,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789931174', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":32,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789932849', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789934394', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789934620', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789935223', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":30.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789939833', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789940848', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789942492', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789944049', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":27,"room_temp":31,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789944896', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":25,"room_temp":30.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789945413', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":25,"room_temp":30,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789945647', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":25,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789946794', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":25,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956303', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":25,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789956316', E'{"switch":0,"fan_swing":0,"mode":"\\u5236\\u70ed","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":30,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789958751', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789958791', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u4f4e\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789959341', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789961367', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789961884', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789962992', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789963303', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789966215', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789967595', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789968906', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":27.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789970206', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789970553', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789973044', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789979834', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789981344', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789981557', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789985023', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789997378', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":29,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998220', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998584', E'{"switch":0,"fan_swing":0,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789998933', E'{"switch":0,"fan_swing":1,"mode":"\\u81ea\\u52a8","fan_speed":"\\u9ad8\\u98ce","on_timing":0,"off_timing":0,"set_temp":29,"room_temp":28.5,"alert_full":0,"alert_shutdown":0,"fault_roomtemp":0}');
INSERT INTO data_log VALUES (E'"odd \\"\\u0000"', '1789827205', E'{"\\u5236\\u51b7":"\\ud800","\\u0000":1208925819614629174706176,"x":[1.0,null]}');
INSERT INTO data_log VALUES (E'"odd \\"\\u0000"', '1789827205', E'{"\\u5236\\u51b7":"\\ud800","\\u0000":1208925819614629174706176,"x":[1.0,null]}');
CREATE TABLE device_presence (
	did TEXT NOT NULL, 
	online SMALLINT, 
	latest DOUBLE PRECISION, 
	since BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (did)
)

;
INSERT INTO device_presence VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1', '1789918040', '1790000001', '1790000000');
INSERT INTO device_presence VALUES ('htFznUZCF8Tb9xEfvIfszm', '0', '1789769542', '1790000001', '1790000000');
CREATE TABLE devices (
	did TEXT NOT NULL, 
	mac TEXT, 
	is_online BOOLEAN, 
	is_faulty BOOLEAN, 
	is_alert BOOLEAN, 
	country TEXT, 
	region TEXT, 
	city TEXT, 
	longitude DOUBLE PRECISION, 
	latitude DOUBLE PRECISION, 
	online_latest DOUBLE PRECISION, 
	created_at DOUBLE PRECISION, 
	mcu_hard_version TEXT, 
	mcu_soft_version TEXT, 
	wifi_hard_version TEXT, 
	wifi_soft_version TEXT, 
	PRIMARY KEY (did)
)

;
INSERT INTO devices VALUES ('UKMO89SUGmQUPAfyIKeQ2z', 'ACCF23000001', 'true', 'false', 'false', 'China', 'Guangdong', 'Guangzhou', '113.262485', '23.152727', '1789918040', '1764428609', '00000001', '03000009', '00ESP826', '04020034');
INSERT INTO devices VALUES ('htFznUZCF8Tb9xEfvIfszm', 'ACCF23000000', 'false', 'false', 'false', 'China', 'Guangdong', 'Guangzhou', '113.448201', '23.014605', '1789769542', '1788024274', '00000001', '03000001', '00ESP826', '04020034');
INSERT INTO devices VALUES (E'"odd \\"\\u0000"', E'"\\ud800"', NULL, NULL, NULL, NULL, NULL, '广州', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE online_log (
	did TEXT NOT NULL, 
	timestamp DOUBLE PRECISION NOT NULL, 
	type TEXT, 
	payload TEXT
)

;
CREATE INDEX online_log_by_device ON online_log (did, timestamp);
INSERT INTO online_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789839525.291', 'dev_online', '{"keep_alive":130}');
INSERT INTO online_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789866174.821', 'dev_offline', '{"duration":26649,"heartbeat":{"count":443,"max":60,"min":60,"avg":60,"last":20},"reason":"tcp_closed"}');
INSERT INTO online_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789875465.718', 'dev_online', '{"keep_alive":130}');
INSERT INTO online_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789879473.742', 'dev_offline', '{"duration":4008,"heartbeat":{"count":66,"max":60,"min":60,"avg":60,"last":15},"reason":"mqtt_disconnect"}');
INSERT INTO online_log VALUES ('UKMO89SUGmQUPAfyIKeQ2z', '1789918040', 'dev_online', '{"keep_alive":130}');
INSERT INTO online_log VALUES (E'"odd \\"\\u0000"', '1789827205.5', 'dev_online', '{"k":true}');
INSERT INTO online_log VALUES (E'"odd \\"\\u0000"', '1789827205.5', 'dev_online', '{"k":true}');
CREATE TABLE scan_gap (
	did TEXT NOT NULL, 
	log TEXT NOT NULL, 
	gap_start BIGINT NOT NULL, 
	gap_end BIGINT NOT NULL, 
	run INTEGER NOT NULL
)

;
INSERT INTO scan_gap VALUES (E'"odd \\"\\u0000"', 'data', '1789827200', '1789827203', '1');
INSERT INTO scan_gap VALUES (E'"odd \\"\\u0000"', 'cmd', '1789827200', '1789827203', '1');
INSERT INTO scan_gap VALUES (E'"odd \\"\\u0000"', 'online', '1789827200', '1789827203', '1');
CREATE TABLE scan_lease (
	epoch BIGINT NOT NULL, 
	renewals BIGINT NOT NULL, 
	renewed_at DOUBLE PRECISION NOT NULL, 
	machine TEXT, 
	pid BIGINT, 
	since TEXT, 
	PRIMARY KEY (epoch)
)

;
INSERT INTO scan_lease VALUES ('2', '6', '1795852634.791576', NULL, NULL, NULL);
CREATE TABLE scan_meta (
	key TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (key)
)

;
INSERT INTO scan_meta VALUES ('datapoints_run', '1');
INSERT INTO scan_meta VALUES ('datapoints', E'{"product_key": "simulatedproductkey0000000000001", "entities": [{"attrs": [{"id": 0, "name": "switch", "type": "status_writable", "data_type": "bool", "display_name": "\\u5f00\\u5173", "desc": "", "uint_spec": null, "enum": null, "position": {"len": 1, "unit": "bit", "byte_offset": 0, "bit_offset": 0}}, {"id": 1, "name": "fan_swing", "type": "status_writable", "data_type": "bool", "display_name": "\\u6446\\u98ce", "desc": "", "uint_spec": null, "enum": null, "position": {"len": 1, "unit": "bit", "byte_offset": 0, "bit_offset": 1}}, {"id": 2, "name": "mode", "type": "status_writable", "data_type": "enum", "display_name": "\\u6a21\\u5f0f", "desc": "", "uint_spec": null, "enum": ["\\u5236\\u51b7", "\\u5236\\u70ed", "\\u9001\\u98ce", "\\u9664\\u6e7f", "\\u81ea\\u52a8"], "position": {"len": 3, "unit": "bit", "byte_offset": 0, "bit_offset": 2}}, {"id": 3, "name": "fan_speed", "type": "status_writable", "data_type": "enum", "display_name": "\\u98ce\\u901f", "desc": "", "uint_spec": null, "enum": ["\\u4f4e\\u98ce", "\\u4e2d\\u98ce", "\\u9ad8\\u98ce"], "position": {"len": 2, "unit": "bit", "byte_offset": 0, "bit_offset": 5}}, {"id": 4, "name": "on_timing", "type": "status_writable", "data_type": "uint8", "display_name": "\\u5b9a\\u65f6\\u5f00\\u673a", "desc": "", "uint_spec": {"min": 0, "max": 24, "ratio": 1, "addition": 0}, "enum": null, "position": {"len": 1, "unit": "byte", "byte_offset": 1, "bit_offset": 0}}, {"id": 5, "name": "off_timing", "type": "status_writable", "data_type": "uint8", "display_name": "\\u5b9a\\u65f6\\u5173\\u673a", "desc": "", "uint_spec": {"min": 0, "max": 24, "ratio": 1, "addition": 0}, "enum": null, "position": {"len": 1, "unit": "byte", "byte_offset": 2, "bit_offset": 0}}, {"id": 6, "name": "set_temp", "type": "status_writable", "data_type": "uint8", "display_name": "\\u8bbe\\u5b9a\\u6e29\\u5ea6", "desc": "", "uint_spec": {"min": 16, "max": 30, "ratio": 1, "addition": 0}, "enum": null, "position": {"len": 1, "unit": "byte", "byte_offset": 3, "bit_offset": 0}}, {"id": 7, "name": "room_temp", "type": "status_readonly", "data_type": "uint8", "display_name": "\\u5ba4\\u6e29", "desc": "", "uint_spec": {"min": 0, "max": 120, "ratio": 0.5, "addition": -10}, "enum": null, "position": {"len": 1, "unit": "byte", "byte_offset": 4, "bit_offset": 0}}, {"id": 8, "name": "alert_full", "type": "alert", "data_type": "bool", "display_name": "\\u6c34\\u6ee1\\u62a5\\u8b66", "desc": "", "uint_spec": null, "enum": null, "position": {"len": 1, "unit": "bit", "byte_offset": 5, "bit_offset": 0}}, {"id": 9, "name": "alert_shutdown", "type": "alert", "data_type": "bool", "display_name": "\\u505c\\u673a\\u62a5\\u8b66", "desc": "", "uint_spec": null, "enum": null, "position": {"len": 1, "unit": "bit", "byte_offset": 5, "bit_offset": 1}}, {"id": 10, "name": "fault_roomtemp", "type": "fault", "data_type": "bool", "display_name": "\\u5ba4\\u6e29\\u4f20\\u611f\\u5668\\u6545\\u969c", "desc": "", "uint_spec": null, "enum": null, "position": {"len": 1, "unit": "bit", "byte_offset": 6, "bit_offset": 0}}], "id": 0, "name": "entity0", "display_name": "\\u673a\\u667a\\u4e91\\u5f00\\u53d1\\u5957\\u4ef6"}], "name": "\\u667a\\u80fd\\u7a7a\\u8c03", "protocolType": "standard", "packetVersion": "0x00000004", "ui": {"object": {"version": 4, "showEditButton": false}, "sections": [{"elements": [{"key": "entity0.switch", "title": "\\u5f00\\u5173", "object": {"action": "entity0", "bind": ["entity0.switch"], "perm": "W"}, "type": "QBooleanElement", "boolValue": false}, {"key": "entity0.fan_swing", "title": "\\u6446\\u98ce", "object": {"action": "entity0", "bind": ["entity0.fan_swing"], "perm": "W"}, "type": "QBooleanElement", "boolValue": false}, {"key": "entity0.mode", "title": "\\u6a21\\u5f0f", "object": {"action": "entity0", "bind": ["entity0.mode"], "perm": "W"}, "type": "QRadioElement", "items": ["\\u5236\\u51b7", "\\u5236\\u70ed", "\\u9001\\u98ce", "\\u9664\\u6e7f", "\\u81ea\\u52a8"]}, {"key": "entity0.fan_speed", "title": "\\u98ce\\u901f", "object": {"action": "entity0", "bind": ["entity0.fan_speed"], "perm": "W"}, "type": "QRadioElement", "items": ["\\u4f4e\\u98ce", "\\u4e2d\\u98ce", "\\u9ad8\\u98ce"]}, {"key": "entity0.on_timing", "title": "\\u5b9a\\u65f6\\u5f00\\u673a", "object": {"action": "entity0", "bind": ["entity0.on_timing"], "perm": "W", "uint_spec": {"min": 0, "max": 24, "step": 1}}, "type": "QFloatElement", "bind": "floatValue:float", "value": 0, "minimumValue": 0, "maximumValue": 24}, {"key": "entity0.off_timing", "title": "\\u5b9a\\u65f6\\u5173\\u673a", "object": {"action": "entity0", "bind": ["entity0.off_timing"], "perm": "W", "uint_spec": {"min": 0, "max": 24, "step": 1}}, "type": "QFloatElement", "bind": "floatValue:float", "value": 0, "minimumValue": 0, "maximumValue": 24}, {"key": "entity0.set_temp", "title": "\\u8bbe\\u5b9a\\u6e29\\u5ea6", "object": {"action": "entity0", "bind": ["entity0.set_temp"], "perm": "W", "uint_spec": {"min": 16, "max": 30, "step": 1}}, "type": "QFloatElement", "bind": "floatValue:float", "value": 0, "minimumValue": 16, "maximumValue": 30}, {"key": "entity0.room_temp", "title": "\\u5ba4\\u6e29", "object": {"action": "entity0", "bind": ["entity0.room_temp"], "perm": "R", "uint_spec": {"min": 0, "max": 120, "step": 1}}, "type": "QFloatElement", "bind": "floatValue:float", "value": 0, "minimumValue": -10, "maximumValue": 50}, {"key": "entity0.alert_full", "title": "\\u6c34\\u6ee1\\u62a5\\u8b66", "object": {"action": "entity0", "bind": ["entity0.alert_full"], "perm": "N"}, "type": "QBooleanElement", "boolValue": false}, {"key": "entity0.alert_shutdown", "title": "\\u505c\\u673a\\u62a5\\u8b66", "object": {"action": "entity0", "bind": ["entity0.alert_shutdown"], "perm": "N"}, "type": "QBooleanElement", "boolValue": false}, {"key": "entity0.fault_roomtemp", "title": "\\u5ba4\\u6e29\\u4f20\\u611f\\u5668\\u6545\\u969c", "object": {"action": "entity0", "bind": ["entity0.fault_roomtemp"], "perm": "E"}, "type": "QBooleanElement", "boolValue": false}]}]}}');
INSERT INTO scan_meta VALUES ('schema', '1');
INSERT INTO scan_meta VALUES ('product', 'simulatedproductkey0000000000001');
INSERT INTO scan_meta VALUES ('range', '[1789827200, 1790000000, 1790000000]');
INSERT INTO scan_meta VALUES ('run', '1');
INSERT INTO scan_meta VALUES ('listing', '"done"');
INSERT INTO scan_meta VALUES ('over', 'false');
CREATE TABLE scan_task (
	did TEXT NOT NULL, 
	log TEXT NOT NULL, 
	part BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	upto BIGINT NOT NULL, 
	had BIGINT NOT NULL, 
	until BIGINT, 
	window_end BIGINT, 
	resume TEXT, 
	covered BIGINT NOT NULL, 
	asked BIGINT NOT NULL, 
	windows INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	failed SMALLINT DEFAULT '0' NOT NULL, 
	error TEXT, 
	error_text TEXT, 
	PRIMARY KEY (did, log, part)
)

;
CREATE INDEX scan_task_by_age ON scan_task (failed, seen);
INSERT INTO scan_task VALUES ('htFznUZCF8Tb9xEfvIfszm', 'online', '0', '1789827200', '1789827200', '1789827200', NULL, NULL, NULL, '0', '0', '0', '0', '0', NULL, NULL);
INSERT INTO scan_task VALUES ('htFznUZCF8Tb9xEfvIfszm', 'data', '0', '1789827200', '1789827200', '1789827200', NULL, NULL, NULL, '0', '0', '0', '0', '0', NULL, NULL);
INSERT INTO scan_task VALUES ('UKMO89SUGmQUPAfyIKeQ2z', 'cmd', '0', '1789999999', '1789999100', '1789827200', NULL, NULL, NULL, '1789999999', '1790000000', '1', '2', '0', NULL, NULL);
INSERT INTO scan_task VALUES ('UKMO89SUGmQUPAfyIKeQ2z', 'data', '0', '1789999999', '1789999100', '1789827200', NULL, NULL, NULL, '1789999999', '1790000000', '1', '2', '0', NULL, NULL);
INSERT INTO scan_task VALUES ('UKMO89SUGmQUPAfyIKeQ2z', 'online', '0', '1789999999', '1789999100', '1789827200', NULL, NULL, NULL, '1789999999', '1790000000', '1', '1', '0', NULL, NULL);
INSERT INTO scan_task VALUES ('htFznUZCF8Tb9xEfvIfszm', 'cmd', '0', '1789999999', '1789999100', '1789827200', NULL, NULL, NULL, '1789999999', '1790000000', '1', '1', '0', NULL, NULL);
INSERT INTO scan_task VALUES (E'"odd \\"\\u0000"', 'data', '0', '1789827200', '1789827200', '1789827200', NULL, NULL, NULL, '0', '0', '0', '0', '0', NULL, NULL);
INSERT INTO scan_task VALUES (E'"odd \\"\\u0000"', 'online', '0', '1789827200', '1789827200', '1789827200', NULL, NULL, NULL, '0', '0', '0', '0', '0', NULL, NULL);
INSERT INTO scan_task VALUES (E'"odd \\"\\u0000"', 'cmd', '0', '1789827200', '1789827200', '1789827200', NULL, NULL, NULL, '0', '0', '0', '0', '1', 'ServerError', 'it failed');
