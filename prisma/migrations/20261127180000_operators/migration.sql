-- Why an account is disabled, for operators, and when its owner last logged in.
ALTER TABLE "users"
    ADD COLUMN "disabled_reason" TEXT,
    ADD COLUMN "last_login_at" TIMESTAMPTZ(3);
ALTER TABLE "users" ADD CONSTRAINT "users_disabled_reason_length" CHECK (char_length("disabled_reason") <= 500);

-- Finds the accounts of a role.
CREATE INDEX "users_roles_idx" ON "users" USING GIN ("roles");

-- A session begins with a login, whichever release wrote it. No other column changes, so that no instance is notified.
CREATE FUNCTION record_last_login() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET last_login_at = NEW.created_at
    WHERE id = NEW.user_id AND (last_login_at IS NULL OR last_login_at < NEW.created_at);
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_record_last_login AFTER INSERT ON "sessions" FOR EACH ROW EXECUTE FUNCTION record_last_login();
UPDATE "users" SET "last_login_at" = started.latest
FROM (SELECT "user_id", max("created_at") AS latest FROM "sessions" GROUP BY "user_id") started
WHERE started."user_id" = "users"."id";

-- Which operator or service key made a change, and in which request.
ALTER TABLE "audit_events"
    ADD COLUMN "actor_id" UUID,
    ADD COLUMN "request_id" UUID;

-- Keys of other services. The key itself is shown once: only its digest is stored.
CREATE TABLE "service_keys" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "name" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "scopes" TEXT[] NOT NULL,
    "allowed_ips" INET[] NOT NULL DEFAULT '{}',
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "service_keys_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "service_keys_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    CONSTRAINT "service_keys_key_hash_length" CHECK (octet_length("key_hash") = 32),
    CONSTRAINT "service_keys_scopes_count" CHECK (cardinality("scopes") BETWEEN 1 AND 20),
    CONSTRAINT "service_keys_allowed_ips_count" CHECK (cardinality("allowed_ips") <= 50),
    CONSTRAINT "service_keys_expiry" CHECK ("expires_at" > "created_at")
);
CREATE UNIQUE INDEX "service_keys_key_hash_key" ON "service_keys"("key_hash");
CREATE INDEX "service_keys_created_by_idx" ON "service_keys"("created_by");
ALTER TABLE "service_keys" ADD CONSTRAINT "service_keys_created_by_fkey"
    FOREIGN KEY ("created_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
