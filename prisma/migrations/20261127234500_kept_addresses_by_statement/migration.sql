-- Whether an inserted account takes an address that is kept for another one is asked once for a statement, not once for each row:
-- the former trigger planned its query anew for every row, and took half of the time of an import. Asked after the insert, it also
-- sees a change of address that committed while the insert waited for it.
CREATE FUNCTION keep_former_emails() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_kept boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM added WHERE "email_verified_at" IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  -- In the schema of the table, whatever the search path says.
  EXECUTE format(
    'SELECT EXISTS (
       SELECT 1 FROM added JOIN %I.former_emails AS former ON former.email = added.email
       WHERE added.email_verified_at IS NOT NULL AND former.user_id <> added.id AND former.expires_at > added.updated_at)',
    TG_TABLE_SCHEMA)
    INTO is_kept;
  IF is_kept THEN
    RAISE EXCEPTION 'the address is kept for the account that had it' USING ERRCODE = 'unique_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER users_keep_former_emails AFTER INSERT ON "users" REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION keep_former_emails();

DROP TRIGGER users_keep_former_email_on_insert ON "users";
