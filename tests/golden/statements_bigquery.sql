-- full_refresh
CREATE OR REPLACE TABLE `shop-prod`.`branch__feature_7`.`orders` AS SELECT id, placed_at, amount FROM raw.new;

-- view
CREATE OR REPLACE VIEW `shop-prod`.`branch__feature_7`.`orders` AS SELECT id, placed_at, amount FROM raw.new;

-- incremental, microbatch
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- merge
MERGE INTO `shop-prod`.`branch__feature_7`.`orders` AS t USING (SELECT id, placed_at, amount FROM raw.new) AS s ON t.`id` = s.`id` WHEN MATCHED THEN UPDATE SET `id` = s.`id`, `placed_at` = s.`placed_at`, `amount` = s.`amount` WHEN NOT MATCHED THEN INSERT ROW;

-- merge by two, updating one
MERGE INTO `shop-prod`.`branch__feature_7`.`orders` AS t USING (SELECT id, placed_at, amount FROM raw.new) AS s ON t.`id` = s.`id` AND t.`placed_at` = s.`placed_at` WHEN MATCHED THEN UPDATE SET `amount` = s.`amount` WHEN NOT MATCHED THEN INSERT ROW;

-- delete_insert
MERGE INTO `shop-prod`.`branch__feature_7`.`orders` AS t USING (SELECT DISTINCT `id` FROM (SELECT id, placed_at, amount FROM raw.new) AS _rocky_incoming) AS s ON t.`id` = s.`id` WHEN MATCHED THEN DELETE;
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- delete_insert by two
MERGE INTO `shop-prod`.`branch__feature_7`.`orders` AS t USING (SELECT DISTINCT `id`, `placed_at` FROM (SELECT id, placed_at, amount FROM raw.new) AS _rocky_incoming) AS s ON t.`id` = s.`id` AND t.`placed_at` = s.`placed_at` WHEN MATCHED THEN DELETE;
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP
DELETE FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` >= TIMESTAMP '2026-03-01 00:00:00' AND `placed_at` < TIMESTAMP '2026-03-02 00:00:00';
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- time_interval on DATETIME
DELETE FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` >= DATETIME '2026-03-01 00:00:00' AND `placed_at` < DATETIME '2026-03-02 00:00:00';
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- time_interval on DATE
DELETE FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` >= DATE '2026-03-01' AND `placed_at` < DATE '2026-03-02';
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- time_interval on STRING
DELETE FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` >= '2026-03-01 00:00:00' AND `placed_at` < '2026-03-02 00:00:00';
INSERT INTO `shop-prod`.`branch__feature_7`.`orders` SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP, newest partition of base
SELECT CAST(max(`placed_at`) AS DATETIME) FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` <= TIMESTAMP '2026-03-01 12:30:00';

-- time_interval on DATETIME, newest partition of base
SELECT CAST(max(`placed_at`) AS DATETIME) FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` <= DATETIME '2026-03-01 12:30:00';

-- time_interval on DATE, newest partition of base
SELECT CAST(max(`placed_at`) AS DATETIME) FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` <= DATE '2026-03-01';

-- time_interval on STRING, newest partition of base
SELECT CAST(max(`placed_at`) AS DATETIME) FROM `shop-prod`.`branch__feature_7`.`orders` WHERE `placed_at` <= '2026-03-01 12:30:00';

-- surrogate key
SELECT *, CAST(TO_HEX(MD5(CAST(COALESCE(CAST(`id` AS STRING), '_dbt_utils_surrogate_key_null_') || '-' || COALESCE(CAST(`amount` AS STRING), '_dbt_utils_surrogate_key_null_') AS STRING))) AS STRING) AS `key` FROM (SELECT id, placed_at, amount FROM raw.new) AS __rocky_keyed;
