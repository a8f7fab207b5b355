-- The outbox is claimed row by row: an instance leases a mail while it sends it. All three moments are the database's.
-- The release before queues a job beside each mail it writes and names no due_at. Its own workers send such a mail at
-- once; the default leaves them a minute for it, so that the two releases do not send one mail at the same time.
ALTER TABLE "mails"
    ADD COLUMN "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT (now() + '00:01:00'::interval),
    ADD COLUMN "leased_until" TIMESTAMPTZ(3),
    ADD COLUMN "lease_owner" UUID,
    ADD CONSTRAINT "mails_leased_by_someone" CHECK (("leased_until" IS NULL) = ("lease_owner" IS NULL));

-- CreateIndex
CREATE INDEX "mails_due_at_idx" ON "mails"("due_at");

-- Wakes the dispatchers of all instances once the mail is committed. A release that does not know the payload ignores it.
CREATE FUNCTION notify_mails_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse', 'mails');
  RETURN NULL;
END
$$;

CREATE TRIGGER mails_notify AFTER INSERT ON "mails" FOR EACH STATEMENT EXECUTE FUNCTION notify_mails_queued();
