-- Sessions that were there before were authenticated when they began. Apart from the new columns, so that the table is locked
-- for reading and logins only as long as those take, however many rows are written here.
UPDATE "sessions" SET "authenticated_at" = "created_at" WHERE "authenticated_at" <> "created_at";
