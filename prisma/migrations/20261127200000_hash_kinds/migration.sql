-- The kinds of the hashes that only imports bring in, as "users_password_hash_kind_idx" has the others: apart from it, so that
-- an older instance on the same database still finds its index. Holds no entry for other accounts. store/hashKinds.ts has
-- the same expression.
CREATE INDEX "users_foreign_hash_kind_idx" ON "users"
  (substring("password_hash" from '^(?:\$argon2i\$(?:v=\d+\$)?[^$]+\$|\$scrypt\$[^$]+\$|\$pbkdf2-sha(?:256|512)\$[^$]+\$|\$fbscrypt\$v=1,n=\d+,r=\d+,p=\d+)'))
  WHERE substring("password_hash" from '^(?:\$argon2i\$(?:v=\d+\$)?[^$]+\$|\$scrypt\$[^$]+\$|\$pbkdf2-sha(?:256|512)\$[^$]+\$|\$fbscrypt\$v=1,n=\d+,r=\d+,p=\d+)') IS NOT NULL;
