-- Failed logins of an address since its last success, counted for addresses without an account as well: the key is an HMAC.
-- Logged, unlike rate_limit_counters: a crash of the database must not give an attacker another hundred guesses.
CREATE TABLE "login_failures" (
    "address_hash" BYTEA NOT NULL,
    "failures" INTEGER NOT NULL,
    "last_failed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "login_failures_pkey" PRIMARY KEY ("address_hash")
);

CREATE INDEX "login_failures_last_failed_at_idx" ON "login_failures"("last_failed_at");
