-- Endpoints that are told of events, and what each is still to be told. The release before writes no events.
CREATE TABLE "webhook_endpoints" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "url" TEXT NOT NULL,
    "events" TEXT[] NOT NULL DEFAULT '{}',
    "include" TEXT[] NOT NULL DEFAULT '{}',
    "description" TEXT NOT NULL DEFAULT '',
    "secret_sealed" BYTEA NOT NULL,
    "secret_previous_sealed" BYTEA,
    "previous_until" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "disabled_at" TIMESTAMPTZ(3),
    "disabled_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "webhook_endpoints_url_length" CHECK (char_length("url") BETWEEN 1 AND 2000),
    CONSTRAINT "webhook_endpoints_description_length" CHECK (char_length("description") <= 200),
    CONSTRAINT "webhook_endpoints_disabled_for_a_reason" CHECK (("disabled_at" IS NULL) = ("disabled_reason" IS NULL)),
    CONSTRAINT "webhook_endpoints_previous_ends" CHECK (("secret_previous_sealed" IS NULL) = ("previous_until" IS NULL))
);

-- One event for one endpoint. Finished ones, delivered or given up, have no due_at; they are kept for 30 days.
CREATE TABLE "webhook_deliveries" (
    "id" UUID NOT NULL DEFAULT uuid_v7(),
    "endpoint_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    "delivered_at" TIMESTAMPTZ(3),
    "due_at" TIMESTAMPTZ(3) DEFAULT now(),
    "leased_until" TIMESTAMPTZ(3),
    "lease_owner" UUID,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "webhook_deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "webhook_deliveries_leased_by_someone" CHECK (("leased_until" IS NULL) = ("lease_owner" IS NULL)),
    CONSTRAINT "webhook_deliveries_delivered_not_due" CHECK ("delivered_at" IS NULL OR "due_at" IS NULL)
);

-- CreateIndex
CREATE INDEX "webhook_deliveries_endpoint_id_due_at_idx" ON "webhook_deliveries"("endpoint_id", "due_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_endpoint_id_created_at_idx" ON "webhook_deliveries"("endpoint_id", "created_at");

-- CreateIndex
CREATE INDEX "webhook_deliveries_created_at_idx" ON "webhook_deliveries"("created_at");

-- Wakes the dispatchers of all instances once the event is committed. A release that does not know the payload ignores it.
CREATE FUNCTION notify_webhooks_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse', 'webhooks');
  RETURN NULL;
END
$$;

CREATE TRIGGER webhook_deliveries_notify AFTER INSERT ON "webhook_deliveries" FOR EACH STATEMENT EXECUTE FUNCTION notify_webhooks_queued();
