-- What operators say of a user, and access tokens repeat. No field of the public API writes them.
ALTER TABLE "users"
    ADD COLUMN "roles" TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN "claims" JSONB NOT NULL DEFAULT '{}';

ALTER TABLE "users"
    ADD CONSTRAINT "users_roles_count" CHECK (cardinality("roles") <= 20),
    ADD CONSTRAINT "users_claims_object" CHECK (jsonb_typeof("claims") = 'object');

-- Who made a change: the user of the row, or an operator by a command. The release before writes users' own changes only.
ALTER TABLE "audit_events" ADD COLUMN "actor_kind" TEXT NOT NULL DEFAULT 'user';
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_actor_kind" CHECK ("actor_kind" IN ('user', 'operator', 'service', 'cli', 'system'));

-- The same trigger as before, with the new columns: every instance hears of a change.
DROP TRIGGER "users_notify_update" ON "users";
CREATE TRIGGER users_notify_update AFTER UPDATE ON "users" FOR EACH ROW
    WHEN (
        (OLD."email", OLD."display_name", OLD."locale", OLD."email_verified_at", OLD."disabled_at", OLD."password_changed_at",
            OLD."roles", OLD."claims")
        IS DISTINCT FROM
        (NEW."email", NEW."display_name", NEW."locale", NEW."email_verified_at", NEW."disabled_at", NEW."password_changed_at",
            NEW."roles", NEW."claims")
    )
    EXECUTE FUNCTION notify_user_changed();
