-- The address of a change that waits to be confirmed stands on the account: a link confirms it only while it stands there.
ALTER TABLE "users"
    ADD COLUMN "pending_email" TEXT,
    ADD COLUMN "pending_email_expires_at" TIMESTAMPTZ(3),
    ADD CONSTRAINT "users_pending_email_canonical" CHECK (is_canonical_email("pending_email")),
    ADD CONSTRAINT "users_pending_email_expires" CHECK (("pending_email" IS NULL) = ("pending_email_expires_at" IS NULL));

-- Changes that were asked for before this migration go on: their mails wait, or their links were sent.
UPDATE users SET pending_email = asked.email, pending_email_expires_at = asked.expires_at
FROM (
  SELECT DISTINCT ON (user_id) user_id, email, expires_at
  FROM (
    SELECT user_id, email, expires_at, created_at FROM one_time_tokens
    WHERE purpose = 'CHANGE_EMAIL' AND used_at IS NULL AND expires_at > now()
    UNION ALL
    SELECT user_id, recipient, expires_at, created_at FROM mails
    WHERE name = 'confirmEmailChange' AND user_id IS NOT NULL AND expires_at > now()
  ) AS waiting
  ORDER BY user_id, created_at DESC
) AS asked
WHERE users.id = asked.user_id;

-- A new password or address ends a change that waits, whoever writes it: the row orders the two, no clock does.
CREATE FUNCTION end_pending_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.pending_email := NULL;
  NEW.pending_email_expires_at := NULL;
  RETURN NEW;
END
$$;

CREATE TRIGGER users_end_pending_email BEFORE UPDATE ON "users" FOR EACH ROW
    WHEN (
        OLD."pending_email" IS NOT NULL
        AND (OLD."email" <> NEW."email" OR OLD."password_changed_at" <> NEW."password_changed_at")
    )
    EXECUTE FUNCTION end_pending_email();

-- The release before this one writes the mail alone; without this its links would be refused by this one.
CREATE FUNCTION note_pending_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET pending_email = NEW.recipient, pending_email_expires_at = NEW.expires_at WHERE id = NEW.user_id;
  RETURN NULL;
END
$$;

CREATE TRIGGER mails_note_pending_email AFTER INSERT ON "mails" FOR EACH ROW
    WHEN (NEW."name" = 'confirmEmailChange' AND NEW."user_id" IS NOT NULL)
    EXECUTE FUNCTION note_pending_email();
