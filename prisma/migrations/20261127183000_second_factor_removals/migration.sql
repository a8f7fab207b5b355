-- Second factors that an operator removes for an owner who has lost them, after a day in which the owner may object.
CREATE TABLE "second_factor_removals" (
    "user_id" UUID NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "second_factor_removals_pkey" PRIMARY KEY ("user_id"),
    CONSTRAINT "second_factor_removals_due" CHECK ("due_at" >= "requested_at")
);
CREATE INDEX "second_factor_removals_due_at_idx" ON "second_factor_removals"("due_at");
ALTER TABLE "second_factor_removals" ADD CONSTRAINT "second_factor_removals_user_id_fkey"
    FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
