-- The challenge whose code a mail carries. Its code is derived when the mail is sent: the outbox holds none.
-- A mail outlives its challenge: the link of a verification mail is valid for longer than its code.
ALTER TABLE "mails"
    ADD COLUMN "challenge_id" UUID,
    ADD CONSTRAINT "mails_challenge_id_fkey" FOREIGN KEY ("challenge_id") REFERENCES "challenges"("id") ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "mails_challenge_id_idx" ON "mails"("challenge_id");

-- A reset and a deletion invalidate the codes that were mailed to an address.
CREATE INDEX "challenges_email_idx" ON "challenges"("email");
