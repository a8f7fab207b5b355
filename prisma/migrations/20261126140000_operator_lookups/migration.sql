-- Operators page through accounts, newest first, find them by the beginning of an address, and read the audit by type. The
-- ids break ties of one millisecond, so that no page repeats or omits a row.
CREATE INDEX "users_created_at_id_idx" ON "users"("created_at", "id");
CREATE INDEX "users_email_prefix_idx" ON "users"("email" text_pattern_ops);
CREATE INDEX "audit_events_type_created_at_idx" ON "audit_events"("type", "created_at");
-- The first index above serves its statements.
DROP INDEX "users_created_at_idx";
