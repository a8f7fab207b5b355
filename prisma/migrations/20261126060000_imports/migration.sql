-- When an import wrote the account. Registrations never change such an account, and it is not purged while unverified.
ALTER TABLE "users" ADD COLUMN IF NOT EXISTS "imported_at" TIMESTAMPTZ(3);

-- The kinds of password hashes present: a login costs what the dearest of each costs, for every address. Prisma cannot say
-- an index on an expression; store/hashKinds.ts has the same expression.
CREATE INDEX "users_password_hash_kind_idx" ON "users"
  (substring("password_hash" from '^(?:\$2[aby]\$\d\d\$|\$argon2id\$(?:v=\d+\$)?[^$]+\$)'));
