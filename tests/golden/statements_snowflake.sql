-- full_refresh
CREATE OR REPLACE TABLE "shop-prod"."branch__feature_7"."orders" AS SELECT id, placed_at, amount FROM raw.new;

-- view
CREATE OR REPLACE VIEW "shop-prod"."branch__feature_7"."orders" AS SELECT id, placed_at, amount FROM raw.new;

-- incremental, microbatch
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- merge
MERGE INTO "shop-prod"."branch__feature_7"."orders" AS t USING (SELECT id, placed_at, amount FROM raw.new) AS s ON t."id" = s."id" WHEN MATCHED THEN UPDATE SET "id" = s."id", "placed_at" = s."placed_at", "amount" = s."amount" WHEN NOT MATCHED THEN INSERT ("id", "placed_at", "amount") VALUES (s."id", s."placed_at", s."amount");

-- merge by two, updating one
MERGE INTO "shop-prod"."branch__feature_7"."orders" AS t USING (SELECT id, placed_at, amount FROM raw.new) AS s ON t."id" = s."id" AND t."placed_at" = s."placed_at" WHEN MATCHED THEN UPDATE SET "amount" = s."amount" WHEN NOT MATCHED THEN INSERT ("id", "placed_at", "amount") VALUES (s."id", s."placed_at", s."amount");

-- delete_insert
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "id" IN (SELECT DISTINCT "id" FROM (SELECT id, placed_at, amount FROM raw.new) AS _rocky_incoming);
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- delete_insert by two
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE ("id", "placed_at") IN (SELECT DISTINCT "id", "placed_at" FROM (SELECT id, placed_at, amount FROM raw.new) AS _rocky_incoming);
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP_NTZ(9)
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" >= CAST('2026-03-01 00:00:00' AS TIMESTAMP_NTZ) AND "placed_at" < CAST('2026-03-02 00:00:00' AS TIMESTAMP_NTZ);
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP_LTZ(9)
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" >= CAST('2026-03-01 00:00:00' AS TIMESTAMP_LTZ) AND "placed_at" < CAST('2026-03-02 00:00:00' AS TIMESTAMP_LTZ);
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP_TZ(3)
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" >= CAST('2026-03-01 00:00:00' AS TIMESTAMP_TZ) AND "placed_at" < CAST('2026-03-02 00:00:00' AS TIMESTAMP_TZ);
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on DATE
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" >= DATE '2026-03-01' AND "placed_at" < DATE '2026-03-02';
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on VARCHAR(16777216)
DELETE FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" >= '2026-03-01 00:00:00' AND "placed_at" < '2026-03-02 00:00:00';
INSERT INTO "shop-prod"."branch__feature_7"."orders" SELECT id, placed_at, amount FROM raw.new;

-- time_interval on TIMESTAMP_NTZ(9), newest partition of base
SELECT CAST(max("placed_at") AS TIMESTAMP_NTZ) FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" <= CAST('2026-03-01 12:30:00' AS TIMESTAMP_NTZ);

-- time_interval on TIMESTAMP_LTZ(9), newest partition of base
SELECT CAST(max("placed_at") AS TIMESTAMP_NTZ) FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" <= CAST('2026-03-01 12:30:00' AS TIMESTAMP_LTZ);

-- time_interval on TIMESTAMP_TZ(3), newest partition of base
SELECT CAST(max("placed_at") AS TIMESTAMP_NTZ) FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" <= CAST('2026-03-01 12:30:00' AS TIMESTAMP_TZ);

-- time_interval on DATE, newest partition of base
SELECT CAST(max("placed_at") AS TIMESTAMP_NTZ) FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" <= DATE '2026-03-01';

-- time_interval on VARCHAR(16777216), newest partition of base
SELECT CAST(max("placed_at") AS TIMESTAMP_NTZ) FROM "shop-prod"."branch__feature_7"."orders" WHERE "placed_at" <= '2026-03-01 12:30:00';

-- surrogate key
SELECT *, CAST(MD5(CAST(COALESCE(CAST("ID" AS VARCHAR), '_dbt_utils_surrogate_key_null_') || '-' || COALESCE(CAST("AMOUNT" AS VARCHAR), '_dbt_utils_surrogate_key_null_') AS VARCHAR)) AS VARCHAR) AS "KEY" FROM (SELECT id, placed_at, amount FROM raw.new) AS __rocky_keyed;
