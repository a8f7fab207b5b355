-- A replaced refresh token answers its successor for the grace: the successor is random, and sealed under a key that only the
-- replaced token gives. The grace is judged by the database's clock: the default writes it for the release before as well.
ALTER TABLE "replaced_refresh_tokens"
    ADD COLUMN "successor_sealed" BYTEA,
    ADD COLUMN "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    -- Nonce, tag and 43 characters: room for another cipher, and none for a token in clear.
    ADD CONSTRAINT "replaced_refresh_tokens_successor_sealed_length"
        CHECK (octet_length("successor_sealed") BETWEEN 60 AND 128);

-- The clock rather than the transaction's start, which may lie before the wait for a lock.
ALTER TABLE "replaced_refresh_tokens" ALTER COLUMN "recorded_at" SET DEFAULT clock_timestamp();

-- Sealed successors are few, and deleted when the grace is over.
CREATE INDEX "replaced_refresh_tokens_sealed_idx" ON "replaced_refresh_tokens"("session_id") WHERE "successor_sealed" IS NOT NULL;
