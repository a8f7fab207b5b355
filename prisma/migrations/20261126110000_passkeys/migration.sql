CREATE TABLE "passkeys" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "credential_id" BYTEA NOT NULL,
    "public_key" BYTEA NOT NULL,
    "sign_count" BIGINT NOT NULL DEFAULT 0,
    "transports" TEXT[] NOT NULL DEFAULT '{}',
    "aaguid" UUID,
    "discoverable" BOOLEAN NOT NULL,
    "backup_eligible" BOOLEAN NOT NULL,
    "backed_up" BOOLEAN NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "passkeys_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "passkeys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "passkeys_credential_id_length" CHECK (octet_length("credential_id") BETWEEN 1 AND 1023),
    CONSTRAINT "passkeys_sign_count_unsigned" CHECK ("sign_count" BETWEEN 0 AND 4294967295),
    CONSTRAINT "passkeys_name_length" CHECK (char_length("name") BETWEEN 1 AND 100)
);
CREATE UNIQUE INDEX "passkeys_credential_id_key" ON "passkeys"("credential_id");
CREATE INDEX "passkeys_user_id_idx" ON "passkeys"("user_id");

-- What must stay the same for the life of the database, whatever the environment says: the RP id of the passkeys.
CREATE TABLE "settings" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "settings_pkey" PRIMARY KEY ("name")
);

-- A passkey is a second factor beside a password: the release before knows none and would open sessions without it.
CREATE OR REPLACE FUNCTION require_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.aal < 2 AND (
    EXISTS (SELECT 1 FROM totp_factors WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = NEW.user_id)
  ) THEN
    RAISE EXCEPTION 'The account has a second factor'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_second_factor', TABLE = 'sessions';
  END IF;
  RETURN NEW;
END
$$;
