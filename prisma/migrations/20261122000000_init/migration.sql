-- UUID version 7 (RFC 9562 §5.7): ids of one time lie side by side in an index. The first 48 bits of a random UUID give way
-- to the milliseconds since the epoch, and its version, 4, becomes 7. PostgreSQL has its own only from version 18.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(
    set_bit(set_bit(
      overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;

-- The canonical form that src/lib/emailAddress.ts makes: were another one stored, one address could have two accounts.
-- Collation "C": in others a range such as a-z may hold capitals.
CREATE FUNCTION is_canonical_email(address text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT octet_length(address) <= 254
    AND address COLLATE "C" ~ '^[a-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$'
$$;

-- CreateEnum
CREATE TYPE "one_time_purpose" AS ENUM ('VERIFY_EMAIL', 'RESET_PASSWORD', 'CHANGE_EMAIL');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "email" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "password_changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "email_verified_at" TIMESTAMPTZ(3),
    "display_name" TEXT,
    "locale" TEXT NOT NULL DEFAULT 'en',
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "registrations" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "password_hash" TEXT,
    "display_name" TEXT,
    "locale" TEXT NOT NULL,
    "activated_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "registrations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "refresh_token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "ip_address" TEXT,
    "user_agent" TEXT,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "replaced_refresh_tokens" (
    "token_hash" BYTEA NOT NULL,
    "session_id" UUID NOT NULL,
    "replaced_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "replaced_refresh_tokens_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "one_time_tokens" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "purpose" "one_time_purpose" NOT NULL,
    "email" TEXT NOT NULL,
    "registration_id" UUID,
    "token_hash" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "one_time_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_key_sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signs_from" TIMESTAMPTZ(3) NOT NULL,
    "verifies_until" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID,
    "type" TEXT NOT NULL,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "details" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mails" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "name" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "user_id" UUID,
    "registration_id" UUID,
    "locale" TEXT NOT NULL DEFAULT 'en',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mails_pkey" PRIMARY KEY ("id")
);

-- CreateTable
-- UNLOGGED: each request writes here, and what a crash of the database loses are counts of the last minutes.
CREATE UNLOGGED TABLE "rate_limit_counters" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limit_counters_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "users_created_at_idx" ON "users"("created_at");

-- CreateIndex
CREATE INDEX "registrations_user_id_created_at_idx" ON "registrations"("user_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "sessions_refresh_token_hash_key" ON "sessions"("refresh_token_hash");

-- CreateIndex
CREATE INDEX "sessions_user_id_last_seen_at_idx" ON "sessions"("user_id", "last_seen_at");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "replaced_refresh_tokens_session_id_idx" ON "replaced_refresh_tokens"("session_id");

-- CreateIndex
CREATE INDEX "replaced_refresh_tokens_replaced_at_idx" ON "replaced_refresh_tokens"("replaced_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_time_tokens_token_hash_key" ON "one_time_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "one_time_tokens_user_id_purpose_idx" ON "one_time_tokens"("user_id", "purpose");

-- CreateIndex
CREATE INDEX "one_time_tokens_registration_id_idx" ON "one_time_tokens"("registration_id");

-- CreateIndex
CREATE INDEX "one_time_tokens_expires_at_idx" ON "one_time_tokens"("expires_at");

-- CreateIndex
CREATE INDEX "audit_events_user_id_created_at_idx" ON "audit_events"("user_id", "created_at");

-- CreateIndex
CREATE INDEX "audit_events_created_at_idx" ON "audit_events"("created_at");

-- CreateIndex
CREATE INDEX "mails_user_id_idx" ON "mails"("user_id");

-- CreateIndex
CREATE INDEX "mails_registration_id_idx" ON "mails"("registration_id");

-- CreateIndex
CREATE INDEX "mails_recipient_idx" ON "mails"("recipient");

-- CreateIndex
CREATE INDEX "mails_created_at_idx" ON "mails"("created_at");

-- CreateIndex
CREATE INDEX "rate_limit_counters_expire_idx" ON "rate_limit_counters"("expire");

-- AddForeignKey
ALTER TABLE "registrations" ADD CONSTRAINT "registrations_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "replaced_refresh_tokens" ADD CONSTRAINT "replaced_refresh_tokens_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "one_time_tokens" ADD CONSTRAINT "one_time_tokens_registration_id_fkey" FOREIGN KEY ("registration_id") REFERENCES "registrations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mails" ADD CONSTRAINT "mails_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mails" ADD CONSTRAINT "mails_registration_id_fkey" FOREIGN KEY ("registration_id") REFERENCES "registrations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot say: the limits that the code keeps hold for every other writer as well. Lengths are generous:
-- they stop a runaway value, not an honest one.
ALTER TABLE "users"
    ADD CONSTRAINT "users_email_canonical" CHECK (is_canonical_email("email")),
    ADD CONSTRAINT "users_password_hash_length" CHECK (char_length("password_hash") BETWEEN 1 AND 512),
    ADD CONSTRAINT "users_display_name_length" CHECK (char_length("display_name") <= 100),
    ADD CONSTRAINT "users_locale_length" CHECK (char_length("locale") BETWEEN 1 AND 35);

ALTER TABLE "registrations"
    ADD CONSTRAINT "registrations_password_hash_length" CHECK (char_length("password_hash") BETWEEN 1 AND 512),
    ADD CONSTRAINT "registrations_display_name_length" CHECK (char_length("display_name") <= 100),
    ADD CONSTRAINT "registrations_locale_length" CHECK (char_length("locale") BETWEEN 1 AND 35),
    -- Once a claim is activated its secret is with the account, and nowhere else.
    ADD CONSTRAINT "registrations_password_hash_until_activated" CHECK ("password_hash" IS NULL OR "activated_at" IS NULL);

-- Digests have 32 bytes (SHA-256). The range leaves room for another digest, and none for a token in clear, which has 43.
ALTER TABLE "sessions"
    ADD CONSTRAINT "sessions_expires_after_creation" CHECK ("expires_at" > "created_at"),
    ADD CONSTRAINT "sessions_refresh_token_hash_length" CHECK (octet_length("refresh_token_hash") BETWEEN 16 AND 42),
    ADD CONSTRAINT "sessions_ip_address_length" CHECK (char_length("ip_address") <= 45),
    ADD CONSTRAINT "sessions_user_agent_length" CHECK (char_length("user_agent") <= 512);

ALTER TABLE "replaced_refresh_tokens"
    ADD CONSTRAINT "replaced_refresh_tokens_token_hash_length" CHECK (octet_length("token_hash") BETWEEN 16 AND 42);

ALTER TABLE "one_time_tokens"
    ADD CONSTRAINT "one_time_tokens_email_canonical" CHECK (is_canonical_email("email")),
    ADD CONSTRAINT "one_time_tokens_expires_after_creation" CHECK ("expires_at" > "created_at"),
    ADD CONSTRAINT "one_time_tokens_token_hash_length" CHECK (octet_length("token_hash") BETWEEN 16 AND 42);

ALTER TABLE "signing_keys"
    ADD CONSTRAINT "signing_keys_kid_length" CHECK (char_length("kid") BETWEEN 1 AND 128),
    -- The private members of a JWK (RFC 7517, RFC 7518 §6): they stand sealed in their own column.
    ADD CONSTRAINT "signing_keys_public_jwk_is_public" CHECK (NOT ("public_jwk" ?| ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']));

ALTER TABLE "audit_events"
    ADD CONSTRAINT "audit_events_type_length" CHECK (char_length("type") BETWEEN 1 AND 64),
    ADD CONSTRAINT "audit_events_ip_address_length" CHECK (char_length("ip_address") <= 45),
    ADD CONSTRAINT "audit_events_user_agent_length" CHECK (char_length("user_agent") <= 512);

ALTER TABLE "mails"
    ADD CONSTRAINT "mails_recipient_canonical" CHECK (is_canonical_email("recipient")),
    ADD CONSTRAINT "mails_expires_after_creation" CHECK ("expires_at" > "created_at"),
    ADD CONSTRAINT "mails_name_length" CHECK (char_length("name") BETWEEN 1 AND 64),
    ADD CONSTRAINT "mails_locale_length" CHECK (char_length("locale") BETWEEN 1 AND 35),
    ADD CONSTRAINT "mails_attempts_counted" CHECK ("attempts" >= 0);

-- Every instance listens on the channel "gatehouse" and drops what it has cached: a change is seen everywhere at once,
-- whoever made it, and only once it is committed. A payload is a kind, or a kind and an id.
CREATE FUNCTION notify_session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse', 'session:' || OLD.id);
  RETURN NULL;
END
$$;

-- Not when it is only seen or prolonged, as every use does: a cached session that ends too early is read again.
CREATE TRIGGER sessions_notify_update AFTER UPDATE ON "sessions" FOR EACH ROW
    WHEN (
        OLD."revoked_at" IS DISTINCT FROM NEW."revoked_at"
        OR OLD."user_id" <> NEW."user_id"
        OR NEW."expires_at" < OLD."expires_at"
    )
    EXECUTE FUNCTION notify_session_changed();

CREATE TRIGGER sessions_notify_delete AFTER DELETE ON "sessions" FOR EACH ROW
    EXECUTE FUNCTION notify_session_changed();

CREATE FUNCTION notify_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse', 'user:' || OLD.id);
  RETURN NULL;
END
$$;

-- Not when the same password is hashed anew at a login: nothing that a session shows has changed.
CREATE TRIGGER users_notify_update AFTER UPDATE ON "users" FOR EACH ROW
    WHEN (
        (OLD."email", OLD."display_name", OLD."locale", OLD."email_verified_at", OLD."disabled_at", OLD."password_changed_at")
        IS DISTINCT FROM
        (NEW."email", NEW."display_name", NEW."locale", NEW."email_verified_at", NEW."disabled_at", NEW."password_changed_at")
    )
    EXECUTE FUNCTION notify_user_changed();

CREATE TRIGGER users_notify_delete AFTER DELETE ON "users" FOR EACH ROW
    EXECUTE FUNCTION notify_user_changed();

CREATE FUNCTION notify_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse', 'keys');
  RETURN NULL;
END
$$;

CREATE TRIGGER signing_keys_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "signing_keys" FOR EACH STATEMENT
    EXECUTE FUNCTION notify_keys_changed();
