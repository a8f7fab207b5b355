-- No instance caches a session that was over a day ago: the purge of a million of them need not wake every instance a million times.
DROP TRIGGER sessions_notify_delete ON "sessions";
CREATE TRIGGER sessions_notify_delete AFTER DELETE ON "sessions" FOR EACH ROW
    WHEN (OLD."expires_at" > now() - interval '1 day' AND (OLD."revoked_at" IS NULL OR OLD."revoked_at" > now() - interval '1 day'))
    EXECUTE FUNCTION notify_session_changed();
