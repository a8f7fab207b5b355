-- A registration never changes an account. What was given at registration stands in "registrations" alone until a link is
-- followed: an unverified account that no import made has no password ('!' is a hash that no password has) and no name.

-- When an import wrote the account. Registrations never change such an account, and it is not purged while unverified.
ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "imported_at" TIMESTAMPTZ(3);

-- Until now an import left no mark: an unverified account that nobody registered was imported.
UPDATE "users" SET "imported_at" = "created_at"
    WHERE "email_verified_at" IS NULL
    AND NOT EXISTS (SELECT 1 FROM "registrations" WHERE "registrations"."user_id" = "users"."id");
UPDATE "users" SET "password_hash" = '!', "display_name" = NULL
    WHERE "email_verified_at" IS NULL AND "imported_at" IS NULL;

ALTER TABLE "users"
    ADD CONSTRAINT "users_unverified_holds_no_claim"
    CHECK ("email_verified_at" IS NOT NULL OR "imported_at" IS NOT NULL OR ("password_hash" = '!' AND "display_name" IS NULL));

ALTER TABLE "registrations"
    ADD CONSTRAINT "registrations_password_hash_while_waiting" CHECK ("password_hash" IS NOT NULL OR "activated_at" IS NOT NULL);

-- The release before writes each registration into an unverified account too, and activates one of several that wait. Beside it,
-- these triggers keep accounts apart from registrations: what it may not write is left out, so that it fails closed.
CREATE FUNCTION strip_claim_from_new_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."password_hash" := '!';
  NEW."display_name" := NULL;
  RETURN NEW;
END
$$;

CREATE TRIGGER users_strip_claim BEFORE INSERT ON "users" FOR EACH ROW
    WHEN (NEW."email_verified_at" IS NULL AND NEW."imported_at" IS NULL)
    EXECUTE FUNCTION strip_claim_from_new_user();

-- An unverified account keeps its password, name and language until it is verified or imported again. Of several registrations
-- that wait, an imported account counting as one, none gives the account its password: its owner chooses one by a reset.
CREATE FUNCTION keep_claim_from_user() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  waiting integer;
  is_given boolean;
BEGIN
  IF NEW."email_verified_at" IS NOT NULL THEN
    -- In the schema of the table, whatever the search path says.
    EXECUTE format(
      'SELECT count(*), coalesce(bool_or(password_hash = $2), false) FROM %I.registrations WHERE user_id = $1 AND activated_at IS NULL',
      TG_TABLE_SCHEMA)
      INTO waiting, is_given USING OLD."id", NEW."password_hash";
    IF OLD."imported_at" IS NOT NULL THEN
      waiting := waiting + 1;
    END IF;
    IF waiting < 2 OR NOT is_given THEN
      RETURN NEW;
    END IF;
    NEW."password_hash" := '!';
  ELSE
    NEW."password_hash" := OLD."password_hash";
  END IF;
  NEW."display_name" := OLD."display_name";
  NEW."locale" := OLD."locale";
  RETURN NEW;
END
$$;

CREATE TRIGGER users_keep_claim BEFORE UPDATE ON "users" FOR EACH ROW
    WHEN (OLD."email_verified_at" IS NULL AND NEW."imported_at" IS NOT DISTINCT FROM OLD."imported_at")
    EXECUTE FUNCTION keep_claim_from_user();

-- The mails that count toward the quota of an address, one row for each that was sent or is under way. The address stands
-- here as a keyed digest (HMAC), so that nothing of it stays when its account is deleted.
CREATE TABLE "counted_mails" (
    "id" UUID NOT NULL,
    "recipient_key" BYTEA NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "counted_mails_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "counted_mails_recipient_key_kind_created_at_idx" ON "counted_mails"("recipient_key", "kind", "created_at");

CREATE INDEX "counted_mails_expires_at_idx" ON "counted_mails"("expires_at");

ALTER TABLE "counted_mails"
    ADD CONSTRAINT "counted_mails_recipient_key_length" CHECK (octet_length("recipient_key") BETWEEN 16 AND 42),
    ADD CONSTRAINT "counted_mails_kind_length" CHECK (char_length("kind") BETWEEN 1 AND 64),
    ADD CONSTRAINT "counted_mails_expires_after_creation" CHECK ("expires_at" > "created_at");
