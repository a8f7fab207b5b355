-- The trace of the request that caused the delivery (W3C Trace Context), if it is traced. A release that does not know the
-- columns leaves them null: its deliveries are traced from the first attempt on.
ALTER TABLE "mails" ADD COLUMN "traceparent" TEXT;
ALTER TABLE "webhook_deliveries" ADD COLUMN "traceparent" TEXT;
