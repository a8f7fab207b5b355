-- The device of a user agent, as a digest: without its digits, dots and underscores, so that a new version is the same device.
CREATE FUNCTION device_of(user_agent text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT sha256(convert_to(regexp_replace(coalesce(user_agent, ''), '[0-9._]+', '', 'g'), 'UTF8'))
$$;

-- The network of a client's address: /24 of IPv4, /48 of IPv6. What is no address is a network of its own. The handler of the
-- exception is a subtransaction, which no parallel worker may begin.
CREATE FUNCTION client_network(address text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL UNSAFE AS $$
BEGIN
  RETURN coalesce(network(set_masklen(address::inet, CASE family(address::inet) WHEN 4 THEN 24 ELSE 48 END))::text, '');
EXCEPTION WHEN data_exception THEN
  RETURN address;
END
$$;

-- Where an account has logged in from: a login from elsewhere is told to its owner.
CREATE TABLE "known_devices" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "user_id" UUID NOT NULL,
    "device_hash" BYTEA NOT NULL,
    "network" TEXT NOT NULL,
    -- Of the login that was told. Not a foreign key: the link in that mail outlives the session.
    "session_id" UUID,
    "token_hash" BYTEA,
    -- False where its owner has rejected a login, or could not be told of one: the next one is told.
    "is_known" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "known_devices_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "known_devices_device_hash_length" CHECK (octet_length("device_hash") = 32),
    CONSTRAINT "known_devices_token_hash_length" CHECK (octet_length("token_hash") = 32),
    CONSTRAINT "known_devices_network_length" CHECK (char_length("network") <= 49)
);
CREATE UNIQUE INDEX "known_devices_user_id_device_hash_network_key" ON "known_devices"("user_id", "device_hash", "network");
CREATE UNIQUE INDEX "known_devices_token_hash_key" ON "known_devices"("token_hash");
CREATE INDEX "known_devices_last_seen_at_idx" ON "known_devices"("last_seen_at");
ALTER TABLE "known_devices" ADD CONSTRAINT "known_devices_user_id_fkey"
    FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
