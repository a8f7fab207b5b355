-- How each session was authenticated: the level that it reached (NIST SP 800-63B), the methods (RFC 8176) and the time.
ALTER TABLE "sessions"
    ADD COLUMN "aal" SMALLINT NOT NULL DEFAULT 1,
    ADD COLUMN "amr" TEXT[] NOT NULL DEFAULT '{pwd}',
    ADD COLUMN "authenticated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    ADD CONSTRAINT "sessions_aal_known" CHECK ("aal" IN (1, 2));

-- Wrong proofs of a second factor in a row: not a counter that expires, since only a reset opens the second step again.
ALTER TABLE "users" ADD COLUMN "second_factor_failures" INTEGER NOT NULL DEFAULT 0;

CREATE TYPE "challenge_purpose" AS ENUM (
    'SECOND_FACTOR', 'STEP_UP', 'LOGIN_CODE', 'VERIFY_CODE', 'PASSKEY_LOGIN', 'PASSKEY_REGISTRATION', 'SOCIAL_LOGIN',
    'SOCIAL_NONCE'
);

CREATE TABLE "challenges" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "purpose" "challenge_purpose" NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID,
    "session_id" UUID,
    "registration_id" UUID,
    "email" TEXT,
    "secret" BYTEA,
    "amr" TEXT[] NOT NULL DEFAULT '{}',
    "state" JSONB NOT NULL DEFAULT '{}',
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "max_attempts" SMALLINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "consumed_at" TIMESTAMPTZ(3),

    CONSTRAINT "challenges_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "challenges_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "challenges_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "challenges_registration_id_fkey" FOREIGN KEY ("registration_id") REFERENCES "registrations"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "challenges_expires_after_creation" CHECK ("expires_at" > "created_at"),
    -- A digest, as in sessions: no room for a token in clear, which has 43 characters.
    CONSTRAINT "challenges_token_hash_length" CHECK (octet_length("token_hash") BETWEEN 16 AND 42),
    CONSTRAINT "challenges_email_canonical" CHECK (is_canonical_email("email")),
    CONSTRAINT "challenges_attempts_bounded" CHECK ("attempts" BETWEEN 0 AND "max_attempts")
);
CREATE UNIQUE INDEX "challenges_token_hash_key" ON "challenges"("token_hash");
CREATE INDEX "challenges_user_id_idx" ON "challenges"("user_id");
CREATE INDEX "challenges_session_id_idx" ON "challenges"("session_id");
CREATE INDEX "challenges_registration_id_idx" ON "challenges"("registration_id");
CREATE INDEX "challenges_expires_at_idx" ON "challenges"("expires_at");

CREATE TABLE "totp_factors" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "secret_sealed" BYTEA NOT NULL,
    "last_step" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "confirmed_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "totp_factors_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "totp_factors_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "totp_factors_name_length" CHECK (char_length("name") BETWEEN 1 AND 100),
    -- Nonce, tag and 20 bytes: no room for a secret in clear, which has 20 bytes or 32 characters.
    CONSTRAINT "totp_factors_secret_sealed_length" CHECK (octet_length("secret_sealed") BETWEEN 40 AND 128)
);
CREATE INDEX "totp_factors_user_id_idx" ON "totp_factors"("user_id");

CREATE TABLE "recovery_codes" (
    "user_id" UUID NOT NULL,
    "code_hash" BYTEA NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "recovery_codes_pkey" PRIMARY KEY ("user_id", "code_hash"),
    CONSTRAINT "recovery_codes_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    -- SHA-256: no room for a code in clear, which has 24 or 29 characters.
    CONSTRAINT "recovery_codes_code_hash_length" CHECK (octet_length("code_hash") = 32)
);

-- The release before knows no factors: beside this one, or after a rollback, it would open sessions for the password alone.
CREATE FUNCTION require_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.aal < 2 AND EXISTS (SELECT 1 FROM totp_factors WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'The account has a second factor'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_second_factor', TABLE = 'sessions';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER sessions_second_factor BEFORE INSERT OR UPDATE OF "aal" ON "sessions" FOR EACH ROW
    WHEN (NEW."aal" < 2)
    EXECUTE FUNCTION require_second_factor();

-- The cached session holds the new columns: without this, other instances would refuse one that has just been stepped up.
DROP TRIGGER sessions_notify_update ON "sessions";
CREATE TRIGGER sessions_notify_update AFTER UPDATE ON "sessions" FOR EACH ROW
    WHEN (
        OLD."revoked_at" IS DISTINCT FROM NEW."revoked_at"
        OR OLD."user_id" <> NEW."user_id"
        OR NEW."expires_at" < OLD."expires_at"
        OR OLD."aal" <> NEW."aal"
        OR OLD."amr" <> NEW."amr"
        OR OLD."authenticated_at" < NEW."authenticated_at"
    )
    EXECUTE FUNCTION notify_session_changed();
