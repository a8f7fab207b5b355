-- The purge looks for few rows among all accounts and sessions: without these it reads every one of them each hour.
CREATE INDEX "users_unverified_created_at_idx" ON "users"("created_at") WHERE "email_verified_at" IS NULL;
CREATE INDEX "sessions_revoked_at_idx" ON "sessions"("revoked_at") WHERE "revoked_at" IS NOT NULL;
