-- Every change inserts what webhooks tell of it, most often no row: such a statement need not wake the dispatchers of all instances.
DROP TRIGGER mails_notify ON "mails";
CREATE OR REPLACE FUNCTION notify_mails_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM queued) THEN
    PERFORM pg_notify('gatehouse', 'mails');
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER mails_notify AFTER INSERT ON "mails" REFERENCING NEW TABLE AS queued
    FOR EACH STATEMENT EXECUTE FUNCTION notify_mails_queued();

DROP TRIGGER webhook_deliveries_notify ON "webhook_deliveries";
CREATE OR REPLACE FUNCTION notify_webhooks_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM queued) THEN
    PERFORM pg_notify('gatehouse', 'webhooks');
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER webhook_deliveries_notify AFTER INSERT ON "webhook_deliveries" REFERENCING NEW TABLE AS queued
    FOR EACH STATEMENT EXECUTE FUNCTION notify_webhooks_queued();
