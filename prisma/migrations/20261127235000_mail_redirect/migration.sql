-- Where the link of a mail leads, if the client asked for one of REDIRECT_URLS. The release before ignores it: its mails lead
-- to the pages of the configuration.
ALTER TABLE "mails" ADD COLUMN "redirect" TEXT;
