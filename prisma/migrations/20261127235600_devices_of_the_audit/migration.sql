-- Devices of the last 90 days are known from the start: an upgrade must not mail everybody. A migration of its own, since the one
-- before locks users, and reading the audit may take long.
INSERT INTO "known_devices" ("user_id", "device_hash", "network", "created_at", "last_seen_at")
SELECT "user_id", device_of("user_agent"), client_network("ip_address"), min("created_at"), max("created_at")
FROM "audit_events"
WHERE "type" = 'login_succeeded' AND "user_id" IS NOT NULL AND "created_at" > now() - interval '90 days'
GROUP BY 1, 2, 3
ON CONFLICT DO NOTHING;
